/** CLIENT TRACKING and its relatives: the server tells a client when what it has cached has changed. */
import { parseSafeInteger } from '../../../base/int64.ts';
import * as errors from '../../../resp/errors.ts';
import type { Call } from '../../call.ts';
import { arg, defineCommand, LOADING, NOSCRIPT, STALE } from '../../define.ts';
import type { Session } from '../../session.ts';

const COMMON = { group: 'connection', since: '6.0.0', flags: NOSCRIPT | LOADING | STALE } as const;

export const CLIENT_TRACKING = defineCommand({
  ...COMMON,
  name: 'TRACKING',
  summary: 'Has this connection told when keys that it has read change, or ends that.',
  complexity: 'O(1). Some options may introduce additional complexity.',
  arity: -3, // CLIENT TRACKING ON|OFF [REDIRECT id] [PREFIX p ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]
  args: [
    arg.oneOf('status', [arg.token('on', 'ON'), arg.token('off', 'OFF')]),
    arg.integer('client-id', { token: 'REDIRECT', optional: true }),
    arg.string('prefix', { token: 'PREFIX', optional: true, many: true, manyToken: true }),
    arg.token('bcast', 'BCAST', { optional: true }),
    arg.token('optin', 'OPTIN', { optional: true }),
    arg.token('optout', 'OPTOUT', { optional: true }),
    arg.token('noloop', 'NOLOOP', { optional: true }),
  ],
  handler: tracking,
});

export const CLIENT_CACHING = defineCommand({
  ...COMMON,
  name: 'CACHING',
  summary: 'Says whether the keys of the next command are to be remembered, where that has to be said.',
  complexity: 'O(1)',
  arity: 3, // CLIENT CACHING YES|NO
  args: [arg.oneOf('mode', [arg.token('yes', 'YES'), arg.token('no', 'NO')])],
  handler: caching,
});

export const CLIENT_TRACKINGINFO = defineCommand({
  ...COMMON,
  name: 'TRACKINGINFO',
  summary: 'Returns how this connection is told of changes.',
  since: '6.2.0',
  complexity: 'O(1)',
  arity: 2, // CLIENT TRACKINGINFO
  handler: trackingInfo,
});

export const CLIENT_GETREDIR = defineCommand({
  ...COMMON,
  name: 'GETREDIR',
  summary:
    'Returns the id of the connection that is told in place of this one; 0: this one itself, -1: nobody.',
  complexity: 'O(1)',
  arity: 2, // CLIENT GETREDIR
  handler: (call) => call.reply.integer(call.session.tracking?.redirect ?? -1),
});

/** What the options of the call at hand say. */
interface Options {
  broadcast: boolean;
  optIn: boolean;
  optOut: boolean;
  noLoop: boolean;
  redirect: number;
  prefixes: string[];
}

function tracking(call: Call): void {
  const { reply, server, session } = call;
  const options: Options = {
    broadcast: false,
    optIn: false,
    optOut: false,
    noLoop: false,
    redirect: 0,
    prefixes: [],
  };
  const error = readOptions(call, options);
  if (error !== null) {
    reply.error(error);
    return;
  }
  if (call.is(2, 'ON')) {
    const conflict = conflictOf(session, options);
    if (conflict !== null) {
      reply.error(conflict);
      return;
    }
    server.tracking.enable(session, options, options.prefixes);
  } else if (call.is(2, 'OFF')) {
    server.tracking.disable(session);
  } else {
    reply.error(errors.SYNTAX);
    return;
  }
  reply.ok();
}

function readOptions(call: Call, options: Options): string | null {
  for (let i = 3; i < call.argc; i++) {
    const hasMore = i + 1 < call.argc;
    if (call.is(i, 'REDIRECT') && hasMore) {
      i++;
      if (options.redirect !== 0) return errors.TRACKING_TWO_REDIRECTS;
      options.redirect = parseSafeInteger(call.bytes, call.start(i), call.end(i));
      if (Number.isNaN(options.redirect)) return errors.NOT_INTEGER;
      if (!call.server.sessions.has(options.redirect)) return errors.TRACKING_NO_SUCH_CLIENT;
    } else if (call.is(i, 'PREFIX') && hasMore) options.prefixes.push(call.text(++i));
    else if (call.is(i, 'BCAST')) options.broadcast = true;
    else if (call.is(i, 'OPTIN')) options.optIn = true;
    else if (call.is(i, 'OPTOUT')) options.optOut = true;
    else if (call.is(i, 'NOLOOP')) options.noLoop = true;
    else return errors.SYNTAX;
  }
  return null;
}

/** Why the options do not go together, or not with how the session tracks already; null when they do. */
function conflictOf({ tracking: state }: Session, options: Options): string | null {
  const { broadcast, optIn, optOut, prefixes } = options;
  if (!broadcast && prefixes.length > 0) return errors.TRACKING_PREFIX_ALONE;
  if (state !== null && state.broadcast !== broadcast) return errors.TRACKING_MODE_SWITCH;
  if (broadcast && (optIn || optOut)) return errors.TRACKING_BCAST_OPT;
  if (optIn && optOut) return errors.TRACKING_OPT_BOTH;
  if (state !== null && ((optIn && state.optOut) || (optOut && state.optIn)))
    return errors.TRACKING_OPT_SWITCH;
  return broadcast ? overlap(prefixes, state?.prefixes ?? []) : null;
}

/** A key must have one prefix at most, or it would be told twice. */
function overlap(given: readonly string[], existing: readonly string[]): string | null {
  for (let i = 0; i < given.length; i++) {
    const prefix = given[i];
    for (const other of [...existing].sort())
      if (areOne(prefix, other)) return errors.prefixOverlapsExisting(prefix, other);
    for (const other of given.slice(i + 1))
      if (areOne(prefix, other)) return errors.prefixOverlapsGiven(prefix, other);
  }
  return null;
}

function areOne(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}

function caching(call: Call): void {
  const { reply, session } = call;
  const state = session.tracking;
  if (state === null) reply.error(errors.CACHING_WITHOUT_TRACKING);
  else if (call.is(2, 'YES')) {
    if (!state.optIn) {
      reply.error(errors.CACHING_YES);
      return;
    }
    state.caching = true;
    reply.ok();
  } else if (call.is(2, 'NO')) {
    if (!state.optOut) {
      reply.error(errors.CACHING_NO);
      return;
    }
    state.caching = true;
    reply.ok();
  } else reply.error(errors.SYNTAX);
}

function trackingInfo(call: Call): void {
  const { reply, session } = call;
  const state = session.tracking;
  const flags = flagsOf(session);
  reply.map(3);
  reply.bulkText('flags');
  reply.set(flags.length);
  for (const flag of flags) reply.bulkText(flag);
  reply.bulkText('redirect');
  reply.integer(state?.redirect ?? -1);
  reply.bulkText('prefixes');
  const prefixes = [...(state?.prefixes ?? [])].sort();
  reply.array(prefixes.length);
  for (const prefix of prefixes) reply.bulkText(prefix);
}

function flagsOf({ tracking: state }: Session): string[] {
  if (state === null) return ['off'];
  const flags = ['on'];
  if (state.broadcast) flags.push('bcast');
  if (state.optIn) flags.push('optin', ...(state.caching ? ['caching-yes'] : []));
  if (state.optOut) flags.push('optout', ...(state.caching ? ['caching-no'] : []));
  if (state.noLoop) flags.push('noloop');
  if (state.brokenRedirect) flags.push('broken_redirect');
  return flags;
}
