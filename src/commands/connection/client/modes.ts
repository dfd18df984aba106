/** What a client asks the server to do differently for it: no replies, no eviction, no touching of keys. */
import * as errors from '../../../resp/errors.ts';
import type { Call } from '../../call.ts';
import { ADMIN, arg, defineCommand, LOADING, NOSCRIPT, STALE } from '../../define.ts';
import {
  GATE_NO_TOUCH,
  GATE_REPLY,
  REPLY_OFF,
  REPLY_ON,
  REPLY_SKIP_NEXT,
  type Session,
} from '../../session.ts';

const FLAGS = NOSCRIPT | LOADING | STALE;
const onOrOff = arg.oneOf('enabled', [arg.token('on', 'ON'), arg.token('off', 'OFF')]);

export const CLIENT_REPLY = defineCommand({
  name: 'REPLY',
  summary: 'Switches replies to this connection off and on, or skips one.',
  group: 'connection',
  since: '3.2.0',
  complexity: 'O(1)',
  arity: 3, // CLIENT REPLY ON|OFF|SKIP
  flags: FLAGS,
  args: [
    arg.oneOf('on_off_skip', [arg.token('on', 'ON'), arg.token('off', 'OFF'), arg.token('skip', 'SKIP')]),
  ],
  handler: replyMode,
});

export const CLIENT_NO_EVICT = defineCommand({
  name: 'NO-EVICT',
  summary: 'Says whether this connection may be closed to save memory.',
  group: 'connection',
  since: '7.0.0',
  complexity: 'O(1)',
  arity: 3, // CLIENT NO-EVICT ON|OFF
  flags: ADMIN | FLAGS,
  args: [onOrOff],
  handler: (call) => setFlag(call, (session, on) => (session.noEvict = on)),
});

export const CLIENT_NO_TOUCH = defineCommand({
  name: 'NO-TOUCH',
  summary: 'Says whether commands of this connection change when a key was last used.',
  group: 'connection',
  since: '7.2.0',
  complexity: 'O(1)',
  arity: 3, // CLIENT NO-TOUCH ON|OFF
  flags: FLAGS,
  args: [onOrOff],
  handler: (call) => setFlag(call, setNoTouch),
});

function setNoTouch(session: Session, on: boolean): void {
  session.noTouch = on;
  if (on) session.gate |= GATE_NO_TOUCH;
  else session.gate &= ~GATE_NO_TOUCH;
}

function setFlag(call: Call, set: (session: Session, on: boolean) => void): void {
  const on = call.is(2, 'ON');
  if (!on && !call.is(2, 'OFF')) {
    call.reply.error(errors.SYNTAX);
    return;
  }
  set(call.session, on);
  call.reply.ok();
}

/** ON is answered even while replies are off: the dispatcher lets the reply of a command pass that has switched them on. */
function replyMode(call: Call): void {
  const { reply, session } = call;
  if (call.is(2, 'ON')) {
    session.replyMode = REPLY_ON;
    session.gate &= ~GATE_REPLY;
    reply.ok();
  } else if (call.is(2, 'OFF')) {
    silence(session, REPLY_OFF);
  } else if (call.is(2, 'SKIP')) {
    if (session.replyMode !== REPLY_OFF) silence(session, REPLY_SKIP_NEXT);
  } else {
    reply.error(errors.SYNTAX);
  }
}

function silence(session: Session, mode: number): void {
  session.replyMode = mode;
  session.gate |= GATE_REPLY;
}
