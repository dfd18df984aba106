/** MULTI, EXEC, DISCARD, WATCH and UNWATCH. */
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import {
  ALLOW_BUSY,
  arg,
  type CommandDeclaration,
  defineCommand,
  FAST,
  keysFrom,
  LOADING,
  NOSCRIPT,
  SKIP_SLOWLOG,
  STALE,
} from '../define.ts';

const FLAGS = NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY;

export const MULTI = defineCommand({
  name: 'MULTI',
  summary: 'Begins a transaction: the commands that follow are queued until EXEC.',
  group: 'transactions',
  since: '1.2.0',
  complexity: 'O(1)',
  arity: 1, // MULTI
  flags: FLAGS,
  handler: multi,
});

export const EXEC = defineCommand({
  name: 'EXEC',
  summary: 'Runs the commands of a transaction, and nothing else in between.',
  group: 'transactions',
  since: '1.2.0',
  complexity: 'Depends on commands in the transaction',
  arity: 1, // EXEC
  flags: NOSCRIPT | LOADING | STALE | SKIP_SLOWLOG,
  handler: (call) => call.server.transactions.execute(call),
});

export const DISCARD = defineCommand({
  name: 'DISCARD',
  summary: 'Ends a transaction without running its commands.',
  group: 'transactions',
  since: '2.0.0',
  complexity: 'O(N), when N is the number of queued commands',
  arity: 1, // DISCARD
  flags: FLAGS,
  handler: discard,
});

export const WATCH = defineCommand({
  name: 'WATCH',
  summary: 'Makes the next EXEC do nothing if one of the keys has changed by then.',
  group: 'transactions',
  since: '2.2.0',
  complexity: 'O(1) for every key.',
  arity: -2, // WATCH key [key ...]
  flags: FLAGS,
  keys: [keysFrom(1, -1, 1, 'RO')],
  args: [arg.key('key', { many: true })],
  handler: watch,
});

export const UNWATCH = defineCommand({
  name: 'UNWATCH',
  summary: 'Forgets all watched keys.',
  group: 'transactions',
  since: '2.2.0',
  complexity: 'O(1)',
  arity: 1, // UNWATCH
  flags: FLAGS,
  handler: unwatch,
});

export const TRANSACTION_COMMANDS: readonly CommandDeclaration[] = [MULTI, EXEC, DISCARD, WATCH, UNWATCH];

function multi(call: Call): void {
  const { reply, server, session } = call;
  if (session.queue !== null) {
    reply.error(errors.NESTED_MULTI);
    return;
  }
  server.transactions.begin(session);
  reply.ok();
}

function discard(call: Call): void {
  const { reply, server, session } = call;
  if (session.queue === null) {
    reply.error(errors.DISCARD_WITHOUT_MULTI);
    return;
  }
  server.transactions.discard(session);
  reply.ok();
}

function watch(call: Call): void {
  const { argc, reply, server, session } = call;
  if (session.queue !== null) {
    reply.error(errors.WATCH_INSIDE_MULTI);
    return;
  }
  // A watch that is broken already cannot be mended.
  if (!session.watchBroken) for (let i = 1; i < argc; i++) server.transactions.watch(call, i);
  reply.ok();
}

function unwatch(call: Call): void {
  call.server.transactions.unwatch(call.session);
  call.reply.ok();
}
