/** Collections without elements, which bugs of old versions have saved: they are no keys, and the file is loaded nevertheless. */
import { expect, it } from 'vitest';
import { SipHasher } from '../../../src/base/siphash.ts';
import { Keyspace } from '../../../src/keyspace/keyspace.ts';
import { KeyLoader } from '../../../src/persistence/key-loader.ts';
import {
  RDB_HASH,
  RDB_HASH_LISTPACK,
  RDB_LIST_QUICKLIST_2,
  RDB_SET,
  RDB_ZSET_2,
  RDB_ZSET_LISTPACK,
} from '../../../src/rdb/format.ts';

const EMPTY_LISTPACK = [7, 7, 0, 0, 0, 0, 0, 0xff];
const EMPTY: [name: string, type: number, value: number[]][] = [
  ['a', RDB_SET, [0]],
  ['b', RDB_HASH, [0]],
  ['c', RDB_HASH_LISTPACK, EMPTY_LISTPACK],
  ['d', RDB_ZSET_2, [0]],
  ['e', RDB_ZSET_LISTPACK, EMPTY_LISTPACK],
  ['f', RDB_LIST_QUICKLIST_2, [0]],
  ['g', RDB_LIST_QUICKLIST_2, [1, 2, ...EMPTY_LISTPACK]],
];

it('are left out and named; what is behind them is loaded', () => {
  const keyspace = new Keyspace(new SipHasher(1, 2), 1);
  const skipped: string[] = [];
  const loader = new KeyLoader(keyspace, {
    dropsExpired: false,
    replaces: false,
    onEmptyKey: (name) => skipped.push(name),
  });
  const bytes = EMPTY.flatMap(([name, type, value]) => [type, 1, name.charCodeAt(0), ...value]);
  const behind = [0, 1, 'z'.charCodeAt(0), 2, 'h'.charCodeAt(0), 'i'.charCodeAt(0)];
  const all = Uint8Array.from([...bytes, ...behind]);
  loader.open(all, all.length);
  loader.run(() => true);
  expect(skipped).toEqual(EMPTY.map(([name]) => name));
  expect(loader.emptyKeys).toBe(EMPTY.length);
  expect(loader.keysLoaded).toBe(1);
  expect(keyspace.databases[0].count).toBe(1);
});
