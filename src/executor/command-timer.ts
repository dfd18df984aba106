/**
 * How long commands take.
 *
 * Microseconds are measured per *run* (neighbouring calls of one command, shared out evenly), because a clock reading costs as much as a GET; a
 * command that is not O(1) is a run by itself. One run's end is the next one's beginning, so a run costs one reading. What is remarkable about a
 * run is for command-watch.ts to say.
 *
 * The dispatcher does the common case itself, so that it is two fields and no call: when the command is `command`, it adds one to `calls`;
 * otherwise it calls start() first. When the command has run and `look` is not 0, it asks why.
 */
import type { Call } from '../commands/call.ts';
import type { Command } from '../commands/define.ts';
import type { Server } from '../commands/server.ts';
import type { Session } from '../commands/session.ts';
import { type CommandWatch, LOOK_REQUEST } from './command-watch.ts';
import type { ExecutorFigures } from './executor-figures.ts';

export class CommandTimer {
  /** The command id with which the run goes on; -1 when no command continues it. */
  command = -1;
  /** Calls of the run so far; 0 while no run is under way. */
  calls = 0;
  /** LOOK_* bits of the command under way: what is to be looked at when it has run. */
  look = 0;
  /** The run's command, and when the run began; 0 while no clock has been read. */
  private id = 0;
  private startUs = 0;
  private readonly server: Server;
  private readonly watch: CommandWatch;
  private readonly figures: ExecutorFigures;

  constructor(server: Server, watch: CommandWatch, figures: ExecutorFigures) {
    this.server = server;
    this.watch = watch;
    this.figures = figures;
  }

  /** A run begins with this call, which is not counted yet. */
  start(call: Call, session: Session, command: Command): void {
    if (this.calls !== 0) this.end();
    const { id } = command;
    const alone = this.watch.alone[id];
    // A command that is measured by itself has a run that no other continues.
    this.command = alone === 0 ? id : -1;
    this.id = id;
    this.look = (this.look & LOOK_REQUEST) | alone;
    this.watch.begin(call, session, command);
    if (this.startUs === 0) this.startUs = this.server.clock.monotonicUs();
  }

  /** Shares the time since the run began out among its calls; the next run begins where it ended. */
  end(): void {
    if (this.calls === 0) return;
    const nowUs = this.server.clock.monotonicUs();
    const elapsed = nowUs - this.startUs;
    if (elapsed >= this.watch.noteUs) this.watch.slow(this.calls, elapsed);
    this.server.stats.record(this.id, this.calls, elapsed);
    if (elapsed > this.figures.stallMaxUs) this.figures.stallMaxUs = elapsed;
    this.calls = 0;
    this.command = -1;
    this.startUs = nowUs;
  }

  /** The command under way began to wait: it counts when that is over, the time that it took so far does now. */
  leave(): void {
    const nowUs = this.server.clock.monotonicUs();
    this.server.stats.usec[this.id] += nowUs - this.startUs;
    this.calls = 0;
    this.startUs = nowUs;
  }

  /** Lets other commands run as part of the one under way. Returns when that began; -1 when it has been counted before. */
  suspend(): number {
    if (this.calls === 0) return -1;
    this.calls = 0;
    this.command = -1;
    return this.startUs;
  }

  /** Ends what suspend() let run, and counts all of it as the one call of `command`, begun at `startUs`. */
  resume(command: Command, startUs: number): void {
    this.end();
    this.look = 0;
    if (startUs < 0) return;
    this.server.stats.record(command.id, 1, this.startUs - startUs);
    this.watch.spike(command, this.startUs - startUs);
  }

  /** Ends the timing of a batch: what follows is not the last command's time. */
  endBatch(): void {
    this.end();
    this.startUs = 0;
    this.watch.end();
  }
}
