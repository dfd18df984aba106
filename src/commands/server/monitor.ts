import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { ADMIN, defineCommand, LOADING, NOSCRIPT, STALE } from '../define.ts';
import { GATE_MULTI } from '../session.ts';

export const MONITOR = defineCommand({
  name: 'MONITOR',
  summary: 'Shows this connection every command that the server runs.',
  group: 'server',
  since: '1.0.0',
  complexity: 'O(1); every command of every client costs more from then on',
  arity: 1, // MONITOR
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  handler: monitor,
});

/** A monitor that says it again gets no answer, as in Redis. */
function monitor(call: Call): void {
  const { reply, server, session } = call;
  if ((session.gate & GATE_MULTI) !== 0) {
    reply.error(errors.MONITOR_IN_MULTI);
    return;
  }
  if (session.monitors) return;
  server.pubsub.settle(session);
  server.monitors.add(session);
  reply.ok();
}
