/** Clients that wait for keys (../commands/blocking.ts). */
import type { Blocking, TimeoutReply } from '../commands/blocking.ts';
import type { Call } from '../commands/call.ts';

export class BlockedClients implements Blocking {
  block(
    call: Call,
    _keys: readonly number[],
    _type: number,
    _timeoutMs: number,
    onTimeout: TimeoutReply,
  ): void {
    onTimeout(call.reply);
  }

  unblock(): boolean {
    return false;
  }

  get count(): number {
    return 0;
  }
}
