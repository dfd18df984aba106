/** The largest buffers of clients in the last seconds: what client_recent_max_*_buffer of INFO means. */
import type { Session } from '../commands/session.ts';

const SECONDS = 8;

export class RecentPeaks {
  private readonly inputs = new Float64Array(SECONDS);
  private readonly outputs = new Float64Array(SECONDS);
  private second = 0;

  /** Looks at the clients; to be called several times a second. */
  sample(sessions: Iterable<Session>, nowMs: number): void {
    let input = 0;
    let output = 0;
    for (const session of sessions) {
      input = Math.max(input, session.link.queryBufferBytes(session));
      output = Math.max(output, session.link.outputBacklog(session));
    }
    this.note(input, output, nowMs);
  }

  /** Remembers the largest buffers of the moment. */
  note(input: number, output: number, nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    for (let gone = Math.max(this.second + 1, second - SECONDS + 1); gone <= second; gone++) {
      this.inputs[gone % SECONDS] = 0;
      this.outputs[gone % SECONDS] = 0;
    }
    this.second = second;
    const slot = second % SECONDS;
    this.inputs[slot] = Math.max(this.inputs[slot], input);
    this.outputs[slot] = Math.max(this.outputs[slot], output);
  }

  get input(): number {
    return Math.max(...this.inputs);
  }

  get output(): number {
    return Math.max(...this.outputs);
  }
}
