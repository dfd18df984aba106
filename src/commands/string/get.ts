import * as errors from '../../resp/errors.ts';
import { isString, readString, view } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, FAST, keyAt, READONLY } from '../define.ts';

export const GET = defineCommand({
  name: 'GET',
  summary: 'Returns the string value of a key.',
  group: 'string',
  since: '1.0.0',
  complexity: 'O(1)',
  arity: 2, // GET key
  flags: READONLY | FAST,
  keys: [keyAt(1, 'RO', 'access')],
  args: [arg.key('key')],
  handler: get,
});

function get(call: Call): void {
  replyString(call, call.db.findForRead(call.hash, call.bytes, call.start(1), call.end(1)));
}

/** The string at `address` as a bulk reply, null when there is none, an error when it is no string. Returns false on the error. */
export function replyString(call: Call, address: number): boolean {
  if (address === 0) {
    call.reply.null();
    return true;
  }
  if (!isString(call.db, address)) {
    call.reply.error(errors.WRONG_TYPE);
    return false;
  }
  readString(call.db, address);
  call.reply.bulk(view.bytes, view.start, view.end, view.data);
  return true;
}
