import type { Call } from '../../call.ts';
import { ADMIN, arg, defineCommand, LOADING, NOSCRIPT, STALE } from '../../define.ts';
import { clientLine } from './client-line.ts';
import { ClientFilter } from './filter.ts';

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
  arity: -2, // CLIENT LIST [filter value ...]: filter.ts
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
  const filter = new ClientFilter(call, false);
  const error = filter.read(2);
  if (error !== null) {
    call.reply.error(error);
    return;
  }
  const lines: string[] = [];
  for (const session of filter.sessions()) lines.push(clientLine(call, session), '\n');
  call.reply.verbatim('txt', lines.join(''));
}
