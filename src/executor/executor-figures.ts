/** What the executor's loop has done, and for how long it was awake: figures for INFO. */
import type { Server } from '../commands/server.ts';
import type { LoopFigures } from '../observability/figures.ts';

export class ExecutorFigures {
  batches = 0;
  commands = 0;
  parks = 0;
  wakeups = 0;
  /** Counts down while asleep: with the monotonic clock added it is the time awake. */
  busyUs = 0;
  /** The longest run of a command or of equal commands. */
  stallMaxUs = 0;
  turns = 0;
  cronUs = 0;
  /** The most commands of a turn. */
  commandsMax = 0;
  /** Where loop() counts from: CONFIG RESETSTAT. */
  private readonly base = { turns: 0, awakeUs: 0, commandUs: 0 };
  private readonly server: Pick<Server, 'clock' | 'stats'>;

  constructor(server: Pick<Server, 'clock' | 'stats'>) {
    this.server = server;
  }

  /** What INFO tells of the loop. */
  loop(): LoopFigures {
    const { base, server } = this;
    return {
      turns: this.turns - base.turns,
      awakeUs: this.awakeUs - base.awakeUs,
      commandUs: server.stats.commandUs - base.commandUs,
      cronUs: this.cronUs,
      turnMaxUs: this.stallMaxUs,
      commandsMax: this.commandsMax,
    };
  }

  private get awakeUs(): number {
    return this.busyUs + this.server.clock.monotonicUs();
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    const { base } = this;
    base.turns = this.turns;
    base.awakeUs = this.awakeUs;
    base.commandUs = this.server.stats.commandUs;
    this.stallMaxUs = 0;
    this.cronUs = 0;
    this.commandsMax = 0;
  }
}
