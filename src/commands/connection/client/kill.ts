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
import { clientType, typeOfClient } from './client-type.ts';

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
  arity: -3, // CLIENT KILL ip:port | [ID id] [TYPE type] [USER user] [ADDR a] [LADDR a] [SKIPME yes|no] [MAXAGE s]
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

interface Filter {
  id: number;
  type: string | null;
  user: string | null;
  address: string | null;
  localAddress: string | null;
  skipMe: boolean;
  minAgeMs: number;
}

function kill(call: Call): void {
  const filter = newFilter();
  if (call.argc === 3) {
    filter.address = call.text(2);
    filter.skipMe = false;
    if (killMatching(call, filter, 1) === 0) call.reply.error(errors.NO_SUCH_CLIENT);
    else call.reply.ok();
    closeOwn(call);
    return;
  }
  const error = readFilter(call, filter);
  if (error !== null) {
    call.reply.error(error);
    return;
  }
  call.reply.integer(killMatching(call, filter, Number.POSITIVE_INFINITY));
  closeOwn(call);
}

function newFilter(): Filter {
  return { id: 0, type: null, user: null, address: null, localAddress: null, skipMe: true, minAgeMs: 0 };
}

/** Reads the options into `filter`; an error text or null. */
function readFilter(call: Call, filter: Filter): string | null {
  for (let i = 2; i < call.argc; i += 2) {
    if (i + 1 === call.argc) return errors.SYNTAX;
    const error = readOption(call, call.lowerText(i), call.text(i + 1), filter);
    if (error !== null) return error;
  }
  return null;
}

function readOption(call: Call, option: string, value: string, filter: Filter): string | null {
  switch (option) {
    case 'id':
      filter.id = positiveInteger(value);
      return filter.id > 0 ? null : errors.CLIENT_ID_POSITIVE;
    case 'type':
      filter.type = clientType(value);
      return filter.type === null ? errors.unknownClientType(value) : null;
    case 'user':
      filter.user = value;
      return value === call.session.user ? null : errors.noSuchUser(value);
    case 'addr':
      filter.address = value;
      return null;
    case 'laddr':
      filter.localAddress = value;
      return null;
    case 'maxage':
      filter.minAgeMs = positiveInteger(value) * 1000;
      if (!/^-?[0-9]{1,18}$/.test(value)) return errors.MAX_AGE_INTEGER;
      return filter.minAgeMs > 0 ? null : errors.MAX_AGE_POSITIVE;
    case 'skipme':
      filter.skipMe = value.toLowerCase() === 'yes';
      return /^(yes|no)$/i.test(value) ? null : errors.SYNTAX;
    default:
      return errors.SYNTAX;
  }
}

/** 0 for what is not a number or not positive. */
function positiveInteger(text: string): number {
  return /^[0-9]{1,18}$/.test(text) ? Number(text) : 0;
}

/** Whether the client of the call at hand is among the killed; it is closed after the reply. */
let ownToo = false;

function killMatching(call: Call, filter: Filter, limit: number): number {
  let killed = 0;
  ownToo = false;
  for (const session of call.server.sessions.values()) {
    if (killed === limit) break;
    if (!matches(call, session, filter)) continue;
    killed++;
    if (session === call.session) ownToo = true;
    else close(call, session);
  }
  return killed;
}

function matches(call: Call, session: Session, filter: Filter): boolean {
  if ((session.gate & GATE_CLOSING) !== 0) return false;
  if (filter.skipMe && session === call.session) return false;
  if (filter.id !== 0 && session.id !== filter.id) return false;
  if (filter.type !== null && filter.type !== typeOfClient(session)) return false;
  if (filter.user !== null && (session.user !== filter.user || !session.authenticated)) return false;
  if (filter.address !== null && session.address !== filter.address) return false;
  if (filter.localAddress !== null && session.localAddress !== filter.localAddress) return false;
  return filter.minAgeMs === 0 || call.server.nowMs - session.createdMs >= filter.minAgeMs;
}

/** Another worker's ring is not published at the end of this batch, so it is done here. */
function close(call: Call, session: Session): void {
  session.link.close(session);
  if (session.link !== call.session.link) session.link.flush();
}

function closeOwn(call: Call): void {
  if (ownToo) call.session.link.closeAfterReply(call.session);
}
