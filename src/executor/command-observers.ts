/**
 * Those who look at every command: the append only file, monitors, the search for hot keys. Each has its say before or after the handler. While
 * nobody looks, `interest` is 0 and the dispatcher calls the handler without asking here.
 */
import type { Call } from '../commands/call.ts';
import { requestBytes } from '../commands/command-logs.ts';
import { BLOCKING, type Command } from '../commands/define.ts';
import type { Server } from '../commands/server.ts';
import type { CommandLog } from '../persistence/aof/command-log.ts';
import type { BlockedClients } from './blocked-clients.ts';
import type { ChannelEnd } from './channel-end.ts';
import type { Monitors } from './monitors.ts';

/** Bits of `interest`. The append only file: */
const WATCH_LOG = 1;
/** Clients that are shown every command. */
const WATCH_MONITORS = 2;
/** The search for hot keys. */
const WATCH_KEYS = 4;

export interface ObserverParts {
  call: Call;
  server: Server;
  channels: readonly ChannelEnd[];
  blocked: BlockedClients;
  monitors: Monitors;
}

export class CommandObservers {
  /** WATCH_* bits: who looks. */
  interest = 0;
  /** Null while nothing is logged. */
  log: CommandLog | null = null;
  private readonly call: Call;
  private readonly server: Server;
  private readonly channels: readonly ChannelEnd[];
  private readonly blocked: BlockedClients;
  private readonly monitors: Monitors;

  constructor({ blocked, call, channels, monitors, server }: ObserverParts) {
    this.call = call;
    this.server = server;
    this.channels = channels;
    this.blocked = blocked;
    this.monitors = monitors;
    monitors.onInterest = () => this.set(WATCH_MONITORS, monitors.count > 0);
  }

  /** From now on what commands change is logged; null: nothing is. */
  setLog(log: CommandLog | null): void {
    this.log = log;
    this.call.log = log;
    this.set(WATCH_LOG, log !== null);
    for (const channel of this.channels) channel.log = log;
  }

  /** Whether commands are looked at to find the keys that they use most. */
  watchKeys(isOn: boolean): void {
    this.set(WATCH_KEYS, isOn);
  }

  private set(bit: number, isOn: boolean): void {
    this.interest = isOn ? this.interest | bit : this.interest & ~bit;
  }

  /** Runs the command in the call before the eyes of those who look. */
  run(command: Command): void {
    if ((this.interest & WATCH_KEYS) !== 0 && this.server.hotKeys.isSampled()) this.runSampled(command);
    else this.runLogged(command);
  }

  /** Measures the command for the search for hot keys. */
  private runSampled(command: Command): void {
    const { call, server } = this;
    const channel = call.session.link as ChannelEnd;
    const before = call.reply === channel.reply ? channel.replyBytes : 0;
    const startUs = server.clock.monotonicUs();
    this.runLogged(command);
    const us = server.clock.monotonicUs() - startUs;
    if ((command.flags & BLOCKING) !== 0 && this.blocked.waits(call.session)) return;
    const replied = call.reply === channel.reply ? channel.replyBytes - before : 0;
    server.hotKeys.add(call, us, requestBytes(call) + replied);
  }

  private runLogged(command: Command): void {
    if ((this.interest & WATCH_LOG) !== 0) this.runForLog(command, this.log!);
    else command.handler!(this.call);
    if ((this.interest & WATCH_MONITORS) !== 0 && !this.blocked.isRetrying)
      this.monitors.show(this.call, command);
  }

  private runForLog(command: Command, log: CommandLog): void {
    const { call } = this;
    const { keyspace } = this.server;
    const { dirty } = keyspace;
    const { position } = log;
    log.before(call.db);
    command.handler!(call);
    log.after(call, keyspace.dirty !== dirty);
    if (log.position !== position) call.session.logPosition = log.position;
  }

  /** Does work for which the call is used while nobody looks, in the middle of a command. */
  aside(work: () => void): void {
    const { call, interest, log } = this;
    const { argc, base, bytes, command, data, db, hash, reply, session, spans } = call;
    this.log = null;
    this.interest = 0;
    call.log = null;
    try {
      work();
    } finally {
      this.log = log;
      this.interest = interest;
      Object.assign(call, { argc, base, bytes, command, data, db, hash, log, reply, session, spans });
    }
  }
}
