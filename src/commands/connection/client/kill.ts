/**
 * CLIENT KILL, in its old form (an address) and the new one (filters that must all hold).
 *
 * A killed connection runs nothing more from that moment, though its socket closes a moment later on its io worker. The
 * client that asks is killed after its reply.
 */
import * as errors from '../../../resp/errors.ts';
import type { Call } from '../../call.ts';
import { ADMIN, arg, defineCommand, LOADING, NOSCRIPT, STALE } from '../../define.ts';
import { GATE_CLOSING, type Session } from '../../session.ts';
import { ClientFilter } from './filter.ts';

export const CLIENT_KILL = defineCommand({
  name: 'KILL',
  summary: 'Closes connections by address or by filters.',
  group: 'connection',
  since: '2.4.0',
  history: [
    ['2.8.12', 'Added new filter format.'],
    ['2.8.12', '`ID` option.'],
    ['3.2.0', 'Added `master` type in for `TYPE` option.'],
    ['5.0.0', 'Replaced `slave` `TYPE` with `replica`. `slave` still supported for backward compatibility.'],
    ['6.2.0', '`LADDR` option.'],
  ],
  complexity: 'O(N) where N is the number of client connections',
  arity: -3, // CLIENT KILL ip:port | filter value [...]: filter.ts
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  args: [
    arg.oneOf('filter', [
      arg.string('ip:port', { deprecatedSince: '2.8.12' }),
      arg.oneOf(
        'new-format',
        [
          arg.integer('client-id', { token: 'ID', optional: true, since: '2.8.12' }),
          arg.oneOf(
            'normal_master_slave_pubsub',
            [
              arg.token('normal', 'NORMAL'),
              arg.token('master', 'MASTER', { since: '3.2.0' }),
              arg.token('slave', 'SLAVE'),
              arg.token('replica', 'REPLICA', { since: '5.0.0' }),
              arg.token('pubsub', 'PUBSUB'),
            ],
            { token: 'TYPE', optional: true, since: '2.8.12' },
          ),
          arg.string('username', { token: 'USER', optional: true }),
          arg.string('ip:port', { token: 'ADDR', optional: true }),
          arg.string('ip:port', { token: 'LADDR', optional: true, since: '6.2.0' }),
          arg.string('yes/no', { token: 'SKIPME', optional: true }),
        ],
        { many: true },
      ),
    ]),
  ],
  handler: kill,
});

function kill(call: Call): void {
  if (call.argc === 3) {
    killAddress(call, call.text(2));
    return;
  }
  const filter = new ClientFilter(call, true);
  const error = filter.read(2);
  if (error !== null) {
    call.reply.error(error);
    return;
  }
  let killed = 0;
  let ownToo = false;
  for (const session of [...filter.sessions()]) {
    killed++;
    if (session === call.session) ownToo = true;
    else close(call, session);
  }
  call.reply.integer(killed);
  if (ownToo) call.session.link.closeAfterReply(call.session);
}

/** The old form: one client, which may be the one that asks. */
function killAddress(call: Call, address: string): void {
  for (const session of call.server.sessions.values()) {
    if (session.address !== address || (session.gate & GATE_CLOSING) !== 0) continue;
    call.reply.ok();
    if (session === call.session) session.link.closeAfterReply(session);
    else close(call, session);
    return;
  }
  call.reply.error(errors.NO_SUCH_CLIENT);
}

/** Another worker's ring is not published at the end of this batch, so it is done here. */
function close(call: Call, session: Session): void {
  session.link.close(session);
  if (session.link !== call.session.link) session.link.flush();
}
