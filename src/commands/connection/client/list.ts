import * as errors from '../../../resp/errors.ts';
import type { Call } from '../../call.ts';
import { ADMIN, arg, defineCommand, LOADING, NOSCRIPT, STALE } from '../../define.ts';
import { GATE_CLOSING } from '../../session.ts';
import { clientLine } from './client-line.ts';
import { clientType, typeOfClient } from './client-type.ts';

export const CLIENT_INFO = defineCommand({
  name: 'INFO',
  summary: 'Returns what the server knows of this connection.',
  group: 'connection',
  since: '6.2.0',
  complexity: 'O(1)',
  arity: 2, // CLIENT INFO
  flags: NOSCRIPT | LOADING | STALE,
  tips: ['nondeterministic_output'],
  handler: (call) => call.reply.verbatim('txt', `${clientLine(call, call.session)}\n`),
});

export const CLIENT_LIST = defineCommand({
  name: 'LIST',
  summary: 'Lists the open connections, a line each.',
  group: 'connection',
  since: '2.4.0',
  history: [
    ['2.8.12', 'Added unique client `id` field.'],
    ['5.0.0', 'Added optional `TYPE` filter.'],
    ['6.0.0', 'Added `user` field.'],
    ['6.2.0', 'Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the optional `ID` filter.'],
    ['7.0.0', 'Added `resp`, `multi-mem`, `rbs` and `rbp` fields.'],
    ['7.0.3', 'Added `ssub` field.'],
  ],
  complexity: 'O(N) where N is the number of client connections',
  arity: -2, // CLIENT LIST [TYPE type] [ID id ...]
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  tips: ['nondeterministic_output'],
  args: [
    arg.oneOf(
      'normal_master_replica_pubsub',
      [
        arg.token('normal', 'NORMAL'),
        arg.token('master', 'MASTER'),
        arg.token('replica', 'REPLICA'),
        arg.token('pubsub', 'PUBSUB'),
      ],
      { token: 'TYPE', optional: true, since: '5.0.0' },
    ),
    arg.block('id', [arg.integer('client-id', { many: true })], {
      token: 'ID',
      optional: true,
      since: '6.2.0',
    }),
  ],
  handler: list,
});

function list(call: Call): void {
  if (call.argc === 2) replyAll(call);
  else if (call.argc === 4 && call.is(2, 'TYPE')) listType(call);
  else if (call.argc > 3 && call.is(2, 'ID')) listIds(call);
  else call.reply.error(errors.SYNTAX);
}

function listType(call: Call): void {
  const type = clientType(call.text(3));
  if (type === null) call.reply.error(errors.unknownClientType(call.text(3)));
  else replyAll(call, type);
}

/** All clients, or those of a type. */
function replyAll(call: Call, type: string | null = null): void {
  const lines: string[] = [];
  for (const session of call.server.sessions.values()) {
    if ((session.gate & GATE_CLOSING) !== 0) continue;
    if (type === null || type === typeOfClient(session)) lines.push(clientLine(call, session), '\n');
  }
  call.reply.verbatim('txt', lines.join(''));
}

function listIds(call: Call): void {
  const lines: string[] = [];
  for (let i = 3; i < call.argc; i++) {
    const text = call.text(i);
    if (!/^-?[0-9]{1,18}$/.test(text)) {
      call.reply.error(errors.CLIENT_ID);
      return;
    }
    const session = call.server.sessions.get(Number(text));
    if (session && (session.gate & GATE_CLOSING) === 0) lines.push(clientLine(call, session), '\n');
  }
  call.reply.verbatim('txt', lines.join(''));
}
