/** HGETALL, HKEYS and HVALS: everything, in one reply. */
import { hasDueFields, hashLength } from '../../types/hash/hash-value.ts';
import { HashWalk } from '../../types/hash/hash-walk.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, keyAt, READONLY } from '../define.ts';
import { WRONG } from '../lookup.ts';
import { hashForRead } from './find-hash.ts';

const COMMON = {
  group: 'hash',
  since: '2.0.0',
  complexity: 'O(N) where N is the number of fields of the hash',
  arity: 2, // HGETALL key
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [arg.key('key')],
  tips: ['nondeterministic_output_order'],
} as const;

export const HGETALL = defineCommand({
  ...COMMON,
  name: 'HGETALL',
  summary: 'Returns all fields of a hash with their values.',
  handler: (call) => replyAll(call, FIELDS | VALUES),
});

export const HKEYS = defineCommand({
  ...COMMON,
  name: 'HKEYS',
  summary: 'Returns all fields of a hash.',
  handler: (call) => replyAll(call, FIELDS),
});

export const HVALS = defineCommand({
  ...COMMON,
  name: 'HVALS',
  summary: 'Returns the values of all fields of a hash.',
  handler: (call) => replyAll(call, VALUES),
});

const FIELDS = 1;
const VALUES = 2;

const walk = new HashWalk();

function replyAll(call: Call, what: number): void {
  const { db, reply } = call;
  const address = hashForRead(call);
  if (address === WRONG) return;
  const count = address === 0 ? 0 : liveCount(call, address);
  if (what === (FIELDS | VALUES)) reply.map(count);
  else reply.array(count);
  if (count === 0) return;
  const { field, value } = walk.start(db, address, true);
  while (walk.next()) {
    if ((what & FIELDS) !== 0) reply.bulk(field.bytes, field.start, field.end);
    if ((what & VALUES) !== 0) reply.bulk(value.bytes, value.start, value.end);
  }
}

/** How many fields are there that are not due. O(1) but while very many have just fallen due. */
export function liveCount(call: Call, address: number): number {
  const { db } = call;
  if (!hasDueFields(db, address)) return hashLength(db, address);
  let count = 0;
  walk.start(db, address, true);
  while (walk.next()) count++;
  return count;
}
