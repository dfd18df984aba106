import type { Call } from '../call.ts';
import { ALLOW_BUSY, defineCommand, FAST, LOADING, NO_AUTH, NOSCRIPT, STALE } from '../define.ts';
import { GATE_NO_TOUCH, GATE_REPLY, REPLY_OFF, REPLY_ON } from '../session.ts';
import { setAuthenticated } from './auth.ts';

const FLAGS = NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY;

export const QUIT = defineCommand({
  name: 'QUIT',
  summary: 'Closes the connection once the replies before it are sent.',
  group: 'connection',
  since: '1.0.0',
  complexity: 'O(1)',
  arity: -1, // QUIT
  flags: FLAGS,
  handler: quit,
});

export const RESET = defineCommand({
  name: 'RESET',
  summary: 'Makes the connection as it was when it was opened.',
  group: 'connection',
  since: '6.2.0',
  complexity: 'O(1)',
  arity: 1, // RESET
  flags: FLAGS,
  handler: reset,
});

function quit(call: Call): void {
  call.reply.ok();
  call.session.link.closeAfterReply(call.session);
}

/** The library's name stays: it says what the client is, not what it was doing. So does NO-EVICT before 7.2. */
function reset(call: Call): void {
  const { reply, server, session } = call;
  server.transactions.discard(session);
  server.pubsub.forget(session);
  server.tracking.disable(session);
  server.monitors.remove(session);
  session.db = server.keyspace.databases[0];
  session.name = '';
  session.resp = 2;
  reply.resp = 2;
  if (session.replyMode === REPLY_OFF) {
    session.replyMode = REPLY_ON;
    session.gate &= ~GATE_REPLY;
  }
  session.noTouch = false;
  session.gate &= ~GATE_NO_TOUCH;
  if (server.is72) session.noEvict = false;
  setAuthenticated(session, server.config.string('requirepass') === '');
  reply.simple('RESET');
}
