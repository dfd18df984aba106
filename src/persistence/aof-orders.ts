/**
 * The executor's orders to bio about the append only file. Most are waited for, because what comes next depends on them; some may take their
 * time, and bio rings the executor's doorbell when they are done.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { ANSWER_DONE, type AofOrder, type FromBio } from './messages.ts';

/** `type` of an order and what goes with it. */
export type AofOrderText = DistributiveOmit<AofOrder, 'answer' | 'id'>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** An order that bio has, or has done. */
export interface GivenOrder {
  /** Bio has answered. */
  readonly over: boolean;
  /** Waits for the answer: null, or why it could not be done. To be called once. */
  result(): string | null;
}

export class AofOrders {
  private readonly port: MessagePort;
  private given = 0;
  /** Why orders have failed that nobody has asked about yet. */
  private readonly errors = new Map<number, string>();

  constructor(port: MessagePort) {
    this.port = port;
  }

  give(order: AofOrderText): GivenOrder {
    const id = ++this.given;
    const answer = new SharedArrayBuffer(4);
    const word = new Int32Array(answer);
    this.port.postMessage({ ...order, answer, id });
    return {
      get over() {
        return Atomics.load(word, 0) !== 0;
      },
      result: () => {
        Atomics.wait(word, 0, 0);
        return Atomics.load(word, 0) === ANSWER_DONE ? null : this.errorOf(id);
      },
    };
  }

  /** Gives an order and waits for it: null, or why it could not be done. */
  ask(order: AofOrderText): string | null {
    return this.give(order).result();
  }

  /** What bio has said about a failed order; it may have said something about another one before. */
  private errorOf(id: number): string {
    for (;;) {
      const error = this.errors.get(id);
      if (error !== undefined) {
        this.errors.delete(id);
        return error;
      }
      const message = receiveMessageOnPort(this.port)!.message as FromBio;
      this.errors.set(message.id, message.error);
    }
  }
}
