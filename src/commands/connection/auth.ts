import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { ALLOW_BUSY, arg, defineCommand, FAST, LOADING, NO_AUTH, NOSCRIPT, STALE } from '../define.ts';
import { GATE_AUTH, type Session } from '../session.ts';

export const AUTH = defineCommand({
  name: 'AUTH',
  summary: 'Tells the server who the client is.',
  group: 'connection',
  since: '1.0.0',
  history: [['6.0.0', 'Added ACL style (username and password).']],
  complexity: 'O(N) where N is the number of passwords defined for the user',
  arity: -2, // AUTH [username] password
  flags: NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
  args: [arg.string('username', { optional: true, since: '6.0.0' }), arg.string('password')],
  handler: auth,
});

/** The one user of this version. */
const DEFAULT_USER = 'default';

function auth(call: Call): void {
  const { reply, server } = call;
  if (call.argc > 3) {
    reply.error(errors.SYNTAX);
    return;
  }
  if (call.argc === 2 && server.config.string('requirepass') === '') {
    reply.error(errors.NO_PASSWORD_SET);
    return;
  }
  const user = call.argc === 3 ? call.text(1) : DEFAULT_USER;
  if (authenticate(call, user, call.text(call.argc - 1))) reply.ok();
}

/** Makes the session that user's, or replies WRONGPASS and returns false. */
export function authenticate(call: Call, user: string, password: string): boolean {
  const { reply, server, session } = call;
  const wanted = server.config.string('requirepass');
  const matches = wanted === '' || equalInConstantTime(password, wanted);
  if (user !== DEFAULT_USER || !matches) {
    server.stats.deniedAuthentications++;
    reply.error(errors.WRONGPASS);
    return false;
  }
  setAuthenticated(session, true);
  return true;
}

/** What the session may do from now on, here and at its io worker. */
export function setAuthenticated(session: Session, authenticated: boolean): void {
  session.authenticated = authenticated;
  if (authenticated) session.gate &= ~GATE_AUTH;
  else session.gate |= GATE_AUTH;
  session.link.setAuthenticated(session);
}

/** Compares without telling by its time how far the texts agree; it depends on the guess's length alone. */
function equalInConstantTime(guess: string, secret: string): boolean {
  let difference = guess.length ^ secret.length;
  for (let i = 0; i < guess.length; i++)
    difference |= guess.charCodeAt(i) ^ secret.charCodeAt(i % secret.length);
  return difference === 0;
}
