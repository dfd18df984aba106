/** DEBUG OBJECT: where a value is and how it is kept. */
import { byteOffsetOf, segmentOf } from '../../../memory/address.ts';
import { accessOf, readWord0 } from '../../../memory/record.ts';
import { dump, payload } from '../../../rdb/dump.ts';
import { FOOTER_SIZE } from '../../../rdb/format.ts';
import * as errors from '../../../resp/errors.ts';
import type { Call } from '../../call.ts';
import { encodingName } from '../../generic/type-names.ts';
import { quicklistFields } from './lists.ts';

const CLOCK_MASK = 0xffffff;
const TYPE_SIZE = 1;

/** The address is that of the record: it stays while the value is changed in place. */
export function object(call: Call): void {
  const { db } = call;
  const start = call.start(2);
  const end = call.end(2);
  const address = db.find(call.hashOf(call.bytes, start, end), call.bytes, start, end);
  if (address === 0) {
    call.reply.error(errors.NO_SUCH_KEY);
    return;
  }
  const i32 = db.arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  const lru = accessOf(i32, base);
  const fields = [
    `Value at:0x${((address >>> 0) * 16).toString(16)}`,
    'refcount:1',
    `encoding:${encodingName(readWord0(i32, base), call.server.is72)}`,
    `serializedlength:${serializedSize(call, address)}`,
    `lru:${lru}`,
    `lru_seconds_idle:${(db.keyspace.lruClock - lru) & CLOCK_MASK}`,
  ];
  call.reply.simple(fields.join(' ') + quicklistFields(call, address));
}

/** Bytes of the value in a snapshot, without its type. */
function serializedSize(call: Call, address: number): number {
  const { db, server } = call;
  dump(db, address, server.is72, server.config.bool('rdbcompression'));
  const size = payload.size - TYPE_SIZE - FOOTER_SIZE;
  payload.keepSmall();
  return size;
}
