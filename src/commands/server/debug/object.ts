/** DEBUG OBJECT: where a value is and how it is kept. */
import { lzfCompress } from '../../../base/lzf.ts';
import { byteOffsetOf, segmentOf } from '../../../memory/address.ts';
import { accessOf, readWord0 } from '../../../memory/record.ts';
import * as errors from '../../../resp/errors.ts';
import { isString, readString, view } from '../../../types/string/string-value.ts';
import type { Call } from '../../call.ts';
import { encodingName } from '../../generic/type-names.ts';
import { quicklistFields } from './lists.ts';

const CLOCK_MASK = 0xffffff;
/** Shorter strings are never compressed in a snapshot. */
const COMPRESSED_MIN = 21;
/** Longer texts cannot be the integers that a snapshot writes as such. */
const INTEGER_TEXT_MAX = 11;

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
  if (!isString(call.db, address)) return 0;
  readString(call.db, address);
  const { bytes, start, end } = view;
  const size = end - start;
  const integer =
    size <= INTEGER_TEXT_MAX ? integerSize(Buffer.from(bytes.subarray(start, end)).toString('latin1')) : 0;
  if (integer > 0) return integer;
  if (size >= COMPRESSED_MIN && call.server.config.bool('rdbcompression')) {
    const out = new Uint8Array(size - 4);
    const packed = lzfCompress(bytes, start, end, out, 0, out.length);
    if (packed > 0) return 1 + lengthSize(packed) + lengthSize(size) + packed;
  }
  return lengthSize(size) + size;
}

/** Bytes of a 32-bit integer with its mark, 0 for a text that is none. */
function integerSize(text: string): number {
  const value = Number(text);
  if (String(value) !== text || value !== (value | 0) || Object.is(value, -0)) return 0;
  if (value === (value << 24) >> 24) return 2;
  return value === (value << 16) >> 16 ? 3 : 5;
}

function lengthSize(length: number): number {
  if (length < 1 << 6) return 1;
  return length < 1 << 14 ? 2 : 5;
}
