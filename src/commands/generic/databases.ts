/**
 * SELECT, DBSIZE, FLUSHDB, FLUSHALL and SWAPDB: whole databases.
 *
 * Flushing never holds the server up, whatever SYNC or ASYNC say: the memory is given back whole, or in slices when other
 * databases share it. The word, or without one lazyfree-lazy-user-flush, says whether INFO counts the keys among lazyfreed_objects.
 */
import { parseSafeInteger } from '../../base/int64.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, FAST, LOADING, READONLY, STALE, WRITE } from '../define.ts';
import { INT32_MAX, INT32_MIN, readDatabase } from './database-index.ts';

export const SELECT = defineCommand({
  name: 'SELECT',
  summary: 'Chooses the database that the connection works on.',
  group: 'connection',
  since: '1.0.0',
  complexity: 'O(1)',
  arity: 2, // SELECT index
  flags: LOADING | STALE | FAST,
  args: [arg.integer('index')],
  handler: select,
});

export const DBSIZE = defineCommand({
  name: 'DBSIZE',
  summary: 'Returns the number of keys of the database.',
  group: 'server',
  since: '1.0.0',
  complexity: 'O(1)',
  arity: 1, // DBSIZE
  flags: READONLY | FAST,
  tips: ['request_policy:all_shards', 'response_policy:agg_sum'],
  categories: ['keyspace'],
  handler: (call) => call.reply.integer(call.db.count),
});

const FLUSH = {
  group: 'server',
  since: '1.0.0',
  complexity:
    'O(1) when no other database has keys, else O(N) in the background where N is the number of keys',
  arity: -1, // FLUSHDB [ASYNC|SYNC]
  flags: WRITE,
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  history: [
    ['4.0.0', 'Added the `ASYNC` flushing mode modifier.'],
    ['6.2.0', 'Added the `SYNC` flushing mode modifier.'],
  ],
  args: [
    arg.oneOf(
      'async',
      [arg.token('async', 'ASYNC', { since: '4.0.0' }), arg.token('sync', 'SYNC', { since: '6.2.0' })],
      { optional: true },
    ),
  ],
  categories: ['keyspace', 'dangerous'],
} as const;

export const FLUSHDB = defineCommand({
  ...FLUSH,
  name: 'FLUSHDB',
  summary: 'Deletes all keys of the database.',
  handler: (call) => void flush(call, (lazily) => call.server.keyspace.flush(call.db, lazily)),
});

export const FLUSHALL = defineCommand({
  ...FLUSH,
  name: 'FLUSHALL',
  summary: 'Deletes all keys of all databases.',
  handler: flushAll,
});

export const SWAPDB = defineCommand({
  name: 'SWAPDB',
  summary: 'Exchanges the content of two databases.',
  group: 'server',
  since: '4.0.0',
  complexity: 'O(N) where N is the number of clients that watch or block on keys of either database',
  arity: 3, // SWAPDB index1 index2
  flags: WRITE | FAST,
  args: [arg.integer('index1'), arg.integer('index2')],
  categories: ['keyspace', 'dangerous'],
  handler: swapDb,
});

function select(call: Call): void {
  const db = readDatabase(call, 1);
  if (db === null) return;
  call.session.db = db;
  call.reply.ok();
}

/** True when the databases are empty now, and not when the command made no sense. */
function flush(call: Call, empty: (lazily: boolean) => number): boolean {
  const { keyspace } = call.server;
  const lazily = call.argc === 1 ? keyspace.lazy.userFlush : call.is(1, 'ASYNC');
  if (call.argc > 2 || (call.argc === 2 && !lazily && !call.is(1, 'SYNC'))) {
    call.reply.error(errors.SYNTAX);
    return false;
  }
  keyspace.dirty += empty(lazily);
  // Where nothing was there, too: who repeats it may have something.
  call.log?.asItCame(call);
  call.reply.ok();
  return true;
}

/** What is being saved is of no use any more; where save points are set, the file is to say at once that all is gone. */
function flushAll(call: Call): void {
  const { config, keyspace, persistence } = call.server;
  const empty = (lazily: boolean) => {
    persistence.abortSave();
    return keyspace.flushAll(lazily);
  };
  if (flush(call, empty) && config.string('save') !== '') persistence.saveNow();
}

function swapDb(call: Call): void {
  const { keyspace } = call.server;
  const first = readIndex(call, 1);
  if (Number.isNaN(first)) {
    call.reply.error(errors.FIRST_DB_INDEX);
    return;
  }
  const second = readIndex(call, 2);
  if (Number.isNaN(second)) {
    call.reply.error(errors.SECOND_DB_INDEX);
    return;
  }
  if (!(first in keyspace.databases) || !(second in keyspace.databases)) {
    call.reply.error(errors.DB_INDEX_RANGE);
    return;
  }
  keyspace.swap(first, second);
  call.reply.ok();
}

/** A 32-bit integer, or NaN. */
function readIndex(call: Call, index: number): number {
  const number = parseSafeInteger(call.bytes, call.start(index), call.end(index));
  return number >= INT32_MIN && number <= INT32_MAX ? number : Number.NaN;
}
