/**
 * WAIT and WAITAOF: until others have what this client wrote.
 *
 * There are no replicas to answer, so WAIT for more than none lasts as long as its timeout says. WAITAOF waits for the fsync of the append
 * only file, too, which comes when appendfsync says; with `no`, that is up to the operating system and not known here.
 */
import { parseSafeInteger } from '../../base/int64.ts';
import * as errors from '../../resp/errors.ts';
import type { ReplyWriter } from '../../resp/reply-writer.ts';
import { blockOnKeys, readTimeoutMs } from '../blocking.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, NOSCRIPT } from '../define.ts';
import { GATE_MULTI } from '../session.ts';

const TIPS = ['request_policy:all_shards', 'response_policy:agg_min'];

export const WAIT = defineCommand({
  name: 'WAIT',
  summary: 'Waits until replicas have what this connection has written; returns how many have.',
  group: 'generic',
  since: '3.0.0',
  complexity: 'O(1)',
  arity: 3, // WAIT numreplicas timeout
  flags: NOSCRIPT,
  tips: TIPS,
  categories: ['connection'],
  args: [arg.integer('numreplicas'), arg.integer('timeout')],
  handler: wait,
});

export const WAITAOF = defineCommand({
  name: 'WAITAOF',
  summary:
    'Waits until what this connection has written is in append only files on disk, here and at replicas.',
  group: 'generic',
  since: '7.2.0',
  complexity: 'O(1)',
  arity: 4, // WAITAOF numlocal numreplicas timeout
  flags: NOSCRIPT,
  tips: TIPS,
  categories: ['connection'],
  args: [arg.integer('numlocal'), arg.integer('numreplicas'), arg.integer('timeout')],
  handler: waitAof,
});

function wait(call: Call): void {
  const { reply } = call;
  const replicas = parseSafeInteger(call.bytes, call.start(1), call.end(1));
  if (Number.isNaN(replicas)) {
    reply.error(errors.NOT_INTEGER);
    return;
  }
  const ms = readTimeoutMs(call, 2);
  if (ms < 0) return;
  if (replicas <= 0) reply.integer(0);
  else blockOnKeys(call, [], -1, ms, (late) => late.integer(0));
}

function waitAof(call: Call): void {
  const { reply, server, session } = call;
  const local = parseSafeInteger(call.bytes, call.start(1), call.end(1));
  const replicas = parseSafeInteger(call.bytes, call.start(2), call.end(2));
  if (Number.isNaN(local)) {
    reply.error(errors.NOT_INTEGER);
    return;
  }
  if (local < 0 || local > 1) {
    reply.error(errors.outOfRange(0, 1));
    return;
  }
  if (!(replicas >= 0)) {
    reply.error(Number.isNaN(replicas) ? errors.NOT_INTEGER : errors.OUT_OF_RANGE_POSITIVE);
    return;
  }
  const ms = readTimeoutMs(call, 3);
  if (ms < 0) return;
  const { fsyncs } = server;
  if (local === 1 && !fsyncs.isLogging) {
    reply.error(errors.WAITAOF_WITHOUT_LOG);
    return;
  }
  const answer = (late: ReplyWriter) => {
    if (local === 1 && !fsyncs.isLogging) {
      late.error(errors.WAITAOF_WITHOUT_LOG);
      return;
    }
    late.array(2);
    late.integer(fsyncs.covers(session) ? 1 : 0);
    late.integer(0);
  };
  if (replicas === 0 && (local === 0 || fsyncs.covers(session))) {
    answer(reply);
    return;
  }
  blockOnKeys(call, [], -1, ms, answer);
  if (replicas === 0 && (session.gate & GATE_MULTI) === 0) fsyncs.release(session, answer);
}
