import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, FAST, LOADING, STALE } from '../define.ts';

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

function ping(call: Call): void {
  if (call.argc > 2) call.reply.error(errors.wrongArity(call.command.fullName));
  else if (call.argc === 1) call.reply.simple('PONG');
  else call.reply.bulk(call.bytes, call.start(1), call.end(1));
}
