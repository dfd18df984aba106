import { NO_EXPIRE } from '../../../keyspace/database.ts';
import * as errors from '../../../resp/errors.ts';
import { setString } from '../../../types/string/string-value.ts';
import type { Call } from '../../call.ts';

const KEY_MAX = 1 << 16;

/** Keys that exist are left as they are. A given size cuts `value:N` or fills it up with zero bytes. */
export function populate(call: Call): void {
  const count = natural(call.text(2));
  const size = call.argc === 5 ? natural(call.text(4)) : 0;
  if (count < 0 || size < 0) {
    call.reply.error(errors.OUT_OF_RANGE_POSITIVE);
    return;
  }
  const prefix = call.argc > 3 ? call.text(3) : 'key';
  for (let i = 0; i < count; i++) addKey(call, `${prefix}:${i}`, `value:${i}`, size);
  call.reply.ok();
}

/** -1 for what is not a number from 0 on. */
function natural(text: string): number {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : -1;
}

const keyBytes = Buffer.alloc(KEY_MAX);

function addKey(call: Call, key: string, value: string, size: number): void {
  const { db } = call;
  const keyEnd = keyBytes.write(key, 'latin1');
  const hash = call.hashOf(keyBytes, 0, keyEnd);
  if (db.find(hash, keyBytes, 0, keyEnd) !== 0) return;
  const bytes = valueBytes(value, size);
  setString(db, 0, hash, keyBytes, 0, keyEnd, bytes, 0, bytes.length, NO_EXPIRE);
  db.keyspace.dirty++;
}

function valueBytes(value: string, size: number): Uint8Array {
  const bytes = new Uint8Array(size === 0 ? value.length : size);
  for (let i = 0; i < Math.min(bytes.length, value.length); i++) bytes[i] = value.charCodeAt(i);
  return bytes;
}
