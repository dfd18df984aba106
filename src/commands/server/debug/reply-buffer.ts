/**
 * DEBUG REPLYBUFFER: Redis's tests keep reply buffers from being resized by it, so that the memory of clients stands still. Here a client has no reply
 * buffer (../../client-memory.ts): nothing is ever resized, whatever is asked for; what makes no sense is refused as there.
 */
import * as errors from '../../../resp/errors.ts';
import type { Call } from '../../call.ts';

export function replyBuffer(call: Call): void {
  const { reply } = call;
  if (call.is(2, 'PEAK-RESET-TIME')) {
    const isTime = call.is(3, 'NEVER') || call.is(3, 'RESET') || /^-?[0-9]{1,18}$/.test(call.text(3));
    if (isTime) reply.ok();
    else reply.error(errors.NOT_INTEGER);
  } else if (call.is(2, 'RESIZING')) {
    reply.ok();
  } else {
    reply.error(errors.subcommandSyntax(call.text(1), 'DEBUG'));
  }
}
