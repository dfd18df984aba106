/**
 * CLIENT PAUSE: commands that are held back for a while.
 *
 * A command that may not run now is kept as the first of what its session has parked (postponeRequest()), so everything the client sends
 * later stays behind it. When the pause is over, by time or by CLIENT UNPAUSE, the sessions go on in the order in which they were stopped,
 * after the command and the batch under way. Meanwhile the data stands still: keys whose time has come are not found and not deleted either
 * (Keyspace.frozen), so that a replica that is to take over sees the last of what has happened. Commands that a transaction had queued before, or
 * that follow CLIENT PAUSE in it, run; so do those of monitors.
 */
import type { Call } from '../commands/call.ts';
import { type Command, MAY_REPLICATE, WRITE } from '../commands/define.ts';
import { PAUSE_ALL, PAUSE_NONE, PAUSE_WRITES, type PauseMode, type Pausing } from '../commands/pausing.ts';
import type { Session } from '../commands/session.ts';

const MIGHT_WRITE = WRITE | MAY_REPLICATE;

export class Pause implements Pausing {
  mode: PauseMode = PAUSE_NONE;
  /** When it ends, by the clock of `nowMs`. */
  untilMs = 0;
  /** Called when a pause begins or ends: the dispatcher looks closer while it lasts. */
  onChange: () => void = () => {};
  private readonly nowMs: () => number;
  private readonly stopped = new Set<Session>();

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  get leftMs(): number {
    return this.mode === PAUSE_NONE ? 0 : Math.max(0, this.untilMs - this.nowMs());
  }

  get count(): number {
    return this.stopped.size;
  }

  has(session: Session): boolean {
    return this.stopped.has(session);
  }

  pause(mode: PauseMode, untilMs: number): void {
    if (mode > this.mode) this.mode = mode;
    this.untilMs = Math.max(this.untilMs, untilMs);
    this.onChange();
  }

  unpause(): void {
    this.mode = PAUSE_NONE;
    this.untilMs = 0;
    this.onChange();
  }

  /** Ends the pause if its time is up. */
  look(): void {
    if (this.mode !== PAUSE_NONE && this.untilMs < this.nowMs()) this.unpause();
  }

  /** Whether the command is to be held back. */
  holds({ session }: Call, command: Command): boolean {
    if (session.monitors || this.mode === PAUSE_NONE) return false;
    if (this.mode === PAUSE_ALL) return true;
    if (this.mode !== PAUSE_WRITES) return false;
    const flags = command.name === 'EXEC' ? (session.queue?.flags ?? 0) : command.flags;
    return (flags & MIGHT_WRITE) !== 0;
  }

  /** The session's command is held back. */
  add(session: Session): void {
    this.stopped.add(session);
  }

  remove(session: Session): void {
    this.stopped.delete(session);
  }

  /** Some are stopped, and nothing stops them any more. */
  get isOver(): boolean {
    return this.stopped.size > 0 && this.mode === PAUSE_NONE;
  }

  /** Those that are to go on now, in order. */
  take(): Session[] {
    const sessions = [...this.stopped];
    this.stopped.clear();
    return sessions;
  }
}
