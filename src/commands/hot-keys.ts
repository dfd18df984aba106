/**
 * HOTKEYS: which keys take the most time of the executor and the most bytes of the network, found while a session of watching goes on.
 *
 * Of every `sample` commands one, by chance, is measured by itself; its time and its bytes are shared out evenly among its keys and go to a sketch
 * for each figure (../base/top-k.ts) that holds ten times as many keys as are asked for. Without a session nothing is done at all: the
 * executor is told by onSwitch() to look.
 */
import type { Prng } from '../base/prng.ts';
import { TopK } from '../base/top-k.ts';
import type { Call } from './call.ts';
import { findKeys } from './keys.ts';

/** Names held for each one asked for. */
const ROOM = 10;
/** A key with a longer name is passed over: names are what the memory goes to. */
const NAME_MAX = 4096;

export interface HotKeyOptions {
  cpu: boolean;
  net: boolean;
  /** How many keys are to be told of. */
  count: number;
  /** 0: until it is stopped. */
  durationMs: number;
  sample: number;
}

/** Running totals of the server. */
export interface Totals {
  /** Microseconds in commands. */
  commandUs: number;
  /** Bytes from and to sockets. */
  netBytes: number;
  /** Microseconds of the process. */
  userUs: number;
  systemUs: number;
}

export interface HotKeySession {
  readonly options: HotKeyOptions;
  readonly startMs: number;
  /** When it ended; 0 while it goes on. */
  endMs: number;
  readonly before: Totals;
  /** The totals at its end. */
  after: Totals | null;
  readonly byTime: TopK;
  readonly byBytes: TopK;
}

export class HotKeys {
  /** The session, going on or ended; null when there is none. */
  session: HotKeySession | null = null;
  /** Called when a session begins and when it ends. */
  onSwitch: (isOn: boolean) => void = () => {};
  private readonly random: Prng;
  private readonly totals: () => Totals;

  constructor(random: Prng, totals: () => Totals) {
    this.random = random;
    this.totals = totals;
  }

  get isActive(): boolean {
    return this.session !== null && this.session.endMs === 0;
  }

  start(options: HotKeyOptions, nowMs: number): void {
    const capacity = options.count * ROOM;
    this.session = {
      options,
      startMs: nowMs,
      endMs: 0,
      before: this.totals(),
      after: null,
      byTime: new TopK(capacity),
      byBytes: new TopK(capacity),
    };
    this.onSwitch(true);
  }

  stop(nowMs: number): void {
    const { session } = this;
    if (session === null || session.endMs !== 0) return;
    session.endMs = nowMs;
    session.after = this.totals();
    this.onSwitch(false);
  }

  /** Ends the session when its time is up. */
  tick(nowMs: number): void {
    const { session } = this;
    if (session === null || session.endMs !== 0 || session.options.durationMs === 0) return;
    const endMs = session.startMs + session.options.durationMs;
    if (nowMs >= endMs) this.stop(endMs);
  }

  /** The totals of the session so far. */
  spent(session: HotKeySession): Totals {
    const { before } = session;
    const now = session.after ?? this.totals();
    return {
      commandUs: now.commandUs - before.commandUs,
      netBytes: now.netBytes - before.netBytes,
      userUs: now.userUs - before.userUs,
      systemUs: now.systemUs - before.systemUs,
    };
  }

  /** Whether the command that is about to run is one of the sample. */
  isSampled(): boolean {
    const { sample } = this.session!.options;
    return sample === 1 || this.random.nextUint32() % sample === 0;
  }

  /** A command of the sample has run. */
  add(call: Call, us: number, bytes: number): void {
    const { session } = this;
    const keys = findKeys(call.command, call);
    if (session === null || keys === null || keys.length === 0) return;
    const { cpu, net } = session.options;
    for (const { index } of keys) {
      if (call.size(index) > NAME_MAX) continue;
      const name = call.text(index);
      if (cpu) session.byTime.add(name, us / keys.length);
      if (net) session.byBytes.add(name, bytes / keys.length);
    }
  }
}
