import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, FAST, LOADING, STALE } from '../define.ts';
import { GATE_PUBSUB } from '../session.ts';

export const PING = defineCommand({
  name: 'PING',
  summary: 'Replies PONG, or the message it was given.',
  group: 'connection',
  since: '1.0.0',
  complexity: 'O(1)',
  arity: -1, // PING [message]
  flags: FAST,
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  args: [arg.string('message', { optional: true })],
  handler: ping,
});

export const ECHO = defineCommand({
  name: 'ECHO',
  summary: 'Replies the message it was given.',
  group: 'connection',
  since: '1.0.0',
  complexity: 'O(1)',
  arity: 2, // ECHO message
  flags: LOADING | STALE | FAST,
  args: [arg.string('message')],
  handler: (call) => call.reply.bulk(call.bytes, call.start(1), call.end(1)),
});

/** To a RESP2 client that is subscribed to something, in the form of what it gets otherwise. */
function pong(call: Call): void {
  const { reply } = call;
  reply.array(2);
  reply.bulkText('pong');
  if (call.argc === 1) reply.bulkText('');
  else reply.bulk(call.bytes, call.start(1), call.end(1));
}

function ping(call: Call): void {
  if (call.argc > 2) call.reply.error(errors.wrongArity(call.command.fullName));
  else if ((call.session.gate & GATE_PUBSUB) !== 0 && call.session.resp === 2) pong(call);
  else if (call.argc === 1) call.reply.simple('PONG');
  else call.reply.bulk(call.bytes, call.start(1), call.end(1));
}
