/**
 * The io workers as main sees them: one thing that listens somewhere.
 *
 * A change of addresses is done in two steps, prepare and commit, each answered by every worker, so that a worker that fails
 * to open a socket leaves all of them where they were (../net/listener-set.ts). One change at a time.
 */
import type { Worker } from 'node:worker_threads';
import type { CommandName } from '../resp/command-names.ts';
import type { FromIo, Listener, LogMessage, ToIo } from '../ring/messages.ts';

export class IoGroup {
  private readonly workers: Worker[] = [];
  private readonly onLog: (message: LogMessage) => void;
  private waiting: { left: number; error: string | null; done: (error: string | null) => void } | null = null;
  private last: Promise<unknown> = Promise.resolve();

  constructor(onLog: (message: LogMessage) => void) {
    this.onLog = onLog;
  }

  get count(): number {
    return this.workers.length;
  }

  add(worker: Worker): void {
    this.workers.push(worker);
    worker.on('message', (message: FromIo) => this.receive(message));
  }

  /** Gives the workers the command table; before the first listen(). */
  start(names: CommandName[]): void {
    this.send({ type: 'start', names });
  }

  /** Listens on these addresses and nowhere else. Null, or why a worker could not: then all is as it was. */
  listen(listeners: Listener[]): Promise<string | null> {
    const change = this.last.then(() => this.change(listeners));
    this.last = change;
    return change;
  }

  private async change(listeners: Listener[]): Promise<string | null> {
    const error = await this.ask({ type: 'prepare', listeners });
    await this.ask({ type: error === null ? 'commit' : 'abandon' });
    return error;
  }

  /** Resolves when all have answered, with the first error. */
  private ask(message: ToIo): Promise<string | null> {
    return new Promise((done) => {
      this.waiting = { left: this.workers.length, error: null, done };
      this.send(message);
    });
  }

  private send(message: ToIo): void {
    for (const worker of this.workers) worker.postMessage(message);
  }

  private receive(message: FromIo): void {
    if (message.type === 'log') {
      this.onLog(message);
      return;
    }
    const { waiting } = this;
    if (waiting === null) return;
    waiting.error ??= message.error;
    if (--waiting.left > 0) return;
    this.waiting = null;
    waiting.done(waiting.error);
  }
}
