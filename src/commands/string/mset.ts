import { NO_EXPIRE } from '../../keyspace/database.ts';
import * as events from '../../keyspace/events.ts';
import * as errors from '../../resp/errors.ts';
import { isString, readString, setString, view } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, keysFrom, READONLY, WRITE } from '../define.ts';

export const MSET = defineCommand({
  name: 'MSET',
  summary: 'Sets the string values of several keys at once.',
  group: 'string',
  since: '1.0.1',
  complexity: 'O(N) where N is the number of keys to set',
  arity: -3, // MSET key value [key value ...]
  flags: WRITE | DENYOOM,
  keys: [keysFrom(1, -1, 2, 'OW', 'update')],
  tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
  args: [arg.block('key_value', [arg.key('key'), arg.string('value')], { many: true })],
  handler: mset,
});

export const MSETNX = defineCommand({
  name: 'MSETNX',
  summary: 'Sets the string values of several keys at once, if none of them exists.',
  group: 'string',
  since: '1.0.1',
  complexity: 'O(N) where N is the number of keys to set',
  arity: -3, // MSETNX key value [key value ...]
  flags: WRITE | DENYOOM,
  keys: [keysFrom(1, -1, 2, 'OW', 'insert')],
  tips: ['request_policy:multi_shard', 'response_policy:agg_min'],
  args: [arg.block('key_value', [arg.key('key'), arg.string('value')], { many: true })],
  handler: msetnx,
});

export const MGET = defineCommand({
  name: 'MGET',
  summary: 'Returns the string values of several keys, null for each that holds none.',
  group: 'string',
  since: '1.0.0',
  complexity: 'O(N) where N is the number of keys to retrieve',
  arity: -2, // MGET key [key ...]
  flags: READONLY | FAST,
  keys: [keysFrom(1, -1, 1, 'RO', 'access')],
  tips: ['request_policy:multi_shard'],
  args: [arg.key('key', { many: true })],
  handler: mget,
});

function mset(call: Call): void {
  if (!hasPairs(call)) return;
  setAll(call);
  call.reply.ok();
}

function msetnx(call: Call): void {
  if (!hasPairs(call)) return;
  for (let i = 1; i < call.argc; i += 2) {
    if (call.db.findForWrite(call.keyHash(i), call.bytes, call.start(i), call.end(i)) !== 0) {
      call.reply.integer(0);
      return;
    }
  }
  setAll(call);
  call.reply.integer(1);
}

function hasPairs(call: Call): boolean {
  if ((call.argc & 1) === 1) return true;
  call.reply.error(errors.wrongArity(call.command.fullName));
  return false;
}

function setAll(call: Call): void {
  const { db, bytes } = call;
  for (let i = 1; i < call.argc; i += 2) {
    const hash = call.keyHash(i);
    const start = call.start(i);
    const end = call.end(i);
    const old = db.find(hash, bytes, start, end);
    setString(
      db,
      old,
      hash,
      bytes,
      start,
      end,
      bytes,
      call.start(i + 1),
      call.end(i + 1),
      NO_EXPIRE,
      call.data,
    );
    changed(call, i, events.SET);
  }
  db.keyspace.dirty += (call.argc - 1) >> 1;
}

function mget(call: Call): void {
  const { db, bytes, reply } = call;
  reply.array(call.argc - 1);
  for (let i = 1; i < call.argc; i++) {
    const address = db.findForRead(call.keyHash(i), bytes, call.start(i), call.end(i));
    if (address === 0 || !isString(db, address)) {
      reply.null();
    } else {
      readString(db, address);
      reply.bulk(view.bytes, view.start, view.end, view.data);
    }
  }
}
