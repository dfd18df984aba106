import { parseSafeInteger } from '../../base/int64.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { ALLOW_BUSY, arg, defineCommand, FAST, LOADING, NO_AUTH, NOSCRIPT, STALE } from '../define.ts';
import { GATE_AUTH } from '../session.ts';
import { authenticate } from './auth.ts';
import { isPrintable } from './client/names.ts';

export const HELLO = defineCommand({
  name: 'HELLO',
  summary: 'Agrees on a protocol version, and says who both sides are.',
  group: 'connection',
  since: '6.0.0',
  history: [
    [
      '6.2.0',
      "`protover` made optional; when called without arguments the command reports the current connection's context.",
    ],
  ],
  complexity: 'O(1)',
  arity: -1, // HELLO [protover [AUTH username password] [SETNAME clientname]]
  flags: NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
  args: [
    arg.block(
      'arguments',
      [
        arg.integer('protover'),
        arg.block('username_password', [arg.string('username'), arg.string('password')], {
          token: 'AUTH',
          optional: true,
        }),
        arg.string('clientname', { token: 'SETNAME', optional: true }),
      ],
      { optional: true },
    ),
  ],
  handler: hello,
});

/** Where the options of the call at hand are; 0 for none. */
const options = { user: 0, name: 0 };

function hello(call: Call): void {
  const { reply, session } = call;
  const version = call.argc > 1 ? readVersion(call) : session.resp;
  if (version === 0 || !readOptions(call)) return;
  if (options.user !== 0 && !authenticate(call, call.text(options.user), call.text(options.user + 1))) return;
  if ((session.gate & GATE_AUTH) !== 0) {
    reply.error(errors.NOAUTH_HELLO);
    return;
  }
  if (options.name !== 0) {
    const name = call.text(options.name);
    if (!isPrintable(name)) {
      reply.error(errors.CLIENT_NAME);
      return;
    }
    session.name = name;
  }
  // The reply itself is in the new protocol already.
  session.resp = version;
  reply.resp = version;
  introduce(call);
}

/** 2, 3, or 0 after an error reply. */
function readVersion(call: Call): number {
  const version = parseSafeInteger(call.bytes, call.start(1), call.end(1));
  if (version === 2 || version === 3) return version;
  call.reply.error(Number.isNaN(version) ? errors.PROTOCOL_VERSION : errors.NOPROTO);
  return 0;
}

function readOptions(call: Call): boolean {
  options.user = 0;
  options.name = 0;
  for (let i = 2; i < call.argc; i++) {
    const left = call.argc - 1 - i;
    if (call.is(i, 'AUTH') && left >= 2) {
      options.user = i + 1;
      i += 2;
    } else if (call.is(i, 'SETNAME') && left >= 1) {
      options.name = ++i;
    } else {
      call.reply.error(errors.helloOption(call.text(i)));
      return false;
    }
  }
  return true;
}

function introduce(call: Call): void {
  const { reply, server, session } = call;
  reply.map(7);
  reply.bulkText('server');
  reply.bulkText('redis');
  reply.bulkText('version');
  reply.bulkText(server.version);
  reply.bulkText('proto');
  reply.integer(session.resp);
  reply.bulkText('id');
  reply.integer(session.id);
  reply.bulkText('mode');
  reply.bulkText('standalone');
  reply.bulkText('role');
  reply.bulkText('master');
  reply.bulkText('modules');
  reply.array(0);
}
