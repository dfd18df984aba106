/** DEBUG about lists: QUICKLIST-PACKED-THRESHOLD, LISTPACK and QUICKLIST, and what DEBUG OBJECT says of a large list. */
import { parseAmount } from '../../../config/value-types.ts';
import { ENCODING_LISTPACK, ENCODING_QUICKLIST, TYPE_LIST } from '../../../memory/record.ts';
import * as errors from '../../../resp/errors.ts';
import { setOutsideMin } from '../../../types/list/limits.ts';
import { describeList } from '../../../types/list/list-value.ts';
import type { Call } from '../../call.ts';
import { encodingAt, typeAt } from '../../lookup.ts';

const THRESHOLD = 'ERR argument must be a memory value bigger than 1 and smaller than 4gb';
const THRESHOLD_MAX = 2n ** 32n - 2n ** 20n;

/** Elements of so many bytes lie in buffers of their own, outside of their list's blocks. 0: only those that must. */
export function quicklistPackedThreshold(call: Call): void {
  const bytes = parseAmount(call.text(2));
  if (bytes === null || bytes > THRESHOLD_MAX) {
    call.reply.error(THRESHOLD);
    return;
  }
  setOutsideMin(Number(bytes));
  call.reply.ok();
}

export function listpack(call: Call): void {
  print(call, 'listpack', 'Listpack');
}

export function quicklist(call: Call): void {
  print(call, 'quicklist', 'Quicklist');
}

/** Says in the log how the value is kept, where Redis prints its bytes to the standard output. */
function print(call: Call, wanted: string, title: string): void {
  const { db, server } = call;
  const start = call.start(2);
  const end = call.end(2);
  const address = db.find(call.hashOf(call.bytes, start, end), call.bytes, start, end);
  if (address === 0) {
    call.reply.error(errors.NO_SUCH_KEY);
    return;
  }
  const encoding = encodingAt(db, address);
  const isList = typeAt(db, address) === TYPE_LIST;
  const isQuicklist = encoding === ENCODING_QUICKLIST || (isList && !server.is72);
  const fits = wanted === 'quicklist' ? isQuicklist : encoding === ENCODING_LISTPACK && !isQuicklist;
  if (!fits) {
    call.reply.error(`ERR Not a ${wanted} encoded object.`);
    return;
  }
  if (isList) server.services.log('notice', `DEBUG ${title.toUpperCase()}: ${describeList(db, address)}`);
  call.reply.simple(`${title} structure printed on stdout`);
}

/** What DEBUG OBJECT adds for a list that is shown as a quicklist; empty for anything else. */
export function quicklistFields(call: Call, address: number): string {
  const { db, server } = call;
  if (typeAt(db, address) !== TYPE_LIST) return '';
  if (server.is72 && encodingAt(db, address) === ENCODING_LISTPACK) return '';
  return ` ${describeList(db, address)}`;
}
