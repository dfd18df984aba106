/**
 * The executor as a guest of an io worker's thread.
 *
 * With one io worker (Redis's `io-threads 1`) a thread of its own brings the executor nothing but hand-overs: on two
 * cores they cost 18 % of the server's time at -P 1, and client, io worker and executor fight for the cores at -P 50
 * (docs/performance.md has the figures). As a guest it takes its turns between the reading and the writing of its host's
 * event loop; the rings between the two stay what they are, so everything above and below them is the same code.
 *
 * A guest never waits: what would end executor.run()'s sleep starts a turn of the host instead. That is the doorbell, through a
 * waitAsync that stays armed, and one timer for what is due next.
 */
import { EXECUTOR_DOORBELL } from '../ring/layout.ts';
import type { Executor } from './executor.ts';

export class ExecutorGuest {
  private readonly executor: Executor;
  private readonly control: Int32Array;
  private startTurn: () => void = () => {};
  private timer: NodeJS.Timeout | null = null;
  private timerDueMs = 0;

  /** `control` is the process's control block. */
  constructor(executor: Executor, control: Int32Array) {
    this.executor = executor;
    this.control = control;
  }

  /** From now on `startTurn` is called, outside a turn, when the executor wants one. */
  settle(startTurn: () => void): void {
    this.startTurn = startTurn;
    this.listen();
    startTurn();
  }

  /** Runs what waits in the rings, a batch of each. */
  run(): void {
    this.executor.runAwake();
  }

  /** True when something waits in a ring or a mailbox. */
  get waits(): boolean {
    return this.executor.somethingWaits();
  }

  /** The end of a turn. Returns true when slices of background work are left: another turn is to come soon. */
  rest(): boolean {
    const { executor } = this;
    if (executor.stopping) process.exit(0);
    if (executor.moreDue) return true;
    const dueMs = executor.nextDueMs();
    if (this.timer === null || dueMs < this.timerDueMs) this.setTimer(dueMs);
    return false;
  }

  private setTimer(dueMs: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timerDueMs = dueMs;
    // A millisecond more, because a timer that came early would have to be set again.
    this.timer = setTimeout(this.onTimer, Math.max(1, dueMs - Date.now() + 1));
  }

  private readonly onTimer = (): void => {
    this.timer = null;
    this.startTurn();
  };

  /** Waits for the doorbell, again and again. */
  private listen(): void {
    const { control } = this;
    Atomics.store(control, EXECUTOR_DOORBELL, 1);
    const result = Atomics.waitAsync(control, EXECUTOR_DOORBELL, 1);
    const rung = () => {
      this.listen();
      this.startTurn();
    };
    if (result.async) void result.value.then(rung);
    else setImmediate(rung);
  }
}
