/** CLIENT UNBLOCK: ends another client's wait. */
import { parseSafeInteger } from '../../../base/int64.ts';
import * as errors from '../../../resp/errors.ts';
import type { Call } from '../../call.ts';
import { ADMIN, arg, defineCommand, LOADING, NOSCRIPT, STALE } from '../../define.ts';

export const CLIENT_UNBLOCK = defineCommand({
  name: 'UNBLOCK',
  summary: 'Ends the wait of a client that is blocked, as if its time were up or with an error.',
  group: 'connection',
  since: '5.0.0',
  complexity: 'O(log N) where N is the number of clients that wait with a timeout',
  arity: -3, // CLIENT UNBLOCK client-id [TIMEOUT | ERROR]
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  args: [
    arg.integer('client-id'),
    arg.oneOf('timeout_error', [arg.token('timeout', 'TIMEOUT'), arg.token('error', 'ERROR')], {
      optional: true,
    }),
  ],
  handler: unblock,
});

const REASON = 'ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR';

function unblock(call: Call): void {
  const { reply } = call;
  const withError = call.argc === 4 && call.is(3, 'ERROR');
  if (call.argc > 4) {
    reply.error(errors.unknownSubcommand(call.text(1), 'client'));
    return;
  }
  if (call.argc === 4 && !withError && !call.is(3, 'TIMEOUT')) {
    reply.error(REASON);
    return;
  }
  const id = parseSafeInteger(call.bytes, call.start(2), call.end(2));
  if (Number.isNaN(id)) reply.error(errors.NOT_INTEGER);
  else reply.integer(call.server.blocking.unblock(id, withError) ? 1 : 0);
}
