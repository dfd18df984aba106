/** SAVE, BGSAVE and LASTSAVE: snapshots of all databases; ../../persistence/persistence.ts takes them. */
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import {
  ADMIN,
  arg,
  defineCommand,
  FAST,
  LOADING,
  NO_ASYNC_LOADING,
  NO_MULTI,
  NOSCRIPT,
  STALE,
} from '../define.ts';

export const SAVE = defineCommand({
  name: 'SAVE',
  summary: 'Saves all databases to a file and waits for it.',
  group: 'server',
  since: '1.0.0',
  complexity: 'O(N) where N is the total number of keys in all databases',
  arity: 1, // SAVE
  flags: ADMIN | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI,
  handler: save,
});

export const BGSAVE = defineCommand({
  name: 'BGSAVE',
  summary: 'Saves all databases, as they are now, to a file while commands go on.',
  group: 'server',
  since: '1.0.0',
  history: [['3.2.2', 'Added the `SCHEDULE` option.']],
  complexity: 'O(1)',
  arity: -1, // BGSAVE [SCHEDULE]
  flags: ADMIN | NOSCRIPT | NO_ASYNC_LOADING,
  args: [arg.token('schedule', 'SCHEDULE', { since: '3.2.2', optional: true })],
  handler: backgroundSave,
});

export const LASTSAVE = defineCommand({
  name: 'LASTSAVE',
  summary: 'Returns when the databases were last saved, as a Unix time.',
  group: 'server',
  since: '1.0.0',
  complexity: 'O(1)',
  arity: 1, // LASTSAVE
  flags: LOADING | STALE | FAST,
  tips: ['nondeterministic_output'],
  categories: ['admin', 'dangerous'],
  handler: ({ reply, server }) => reply.integer(server.persistence.lastSaveSeconds),
});

function save({ reply, server }: Call): void {
  if (server.persistence.saveInProgress) {
    reply.error(errors.SAVE_IN_PROGRESS);
    return;
  }
  if (server.persistence.saveNow(true) === null) reply.ok();
  else reply.error('ERR');
}

function backgroundSave(call: Call): void {
  const { reply, server } = call;
  const { persistence } = server;
  const schedules = call.argc === 2 && call.is(1, 'SCHEDULE');
  if (call.argc > 1 && !schedules) reply.error(errors.SYNTAX);
  else if (persistence.saveInProgress) reply.error(errors.SAVE_IN_PROGRESS);
  else if (call.session.queue !== null || (persistence.rewriteInProgress && schedules)) {
    // The other commands of a transaction come first, and so does a rewrite.
    persistence.schedule();
    reply.simple('Background saving scheduled');
  } else if (persistence.rewriteInProgress) reply.error(errors.REWRITE_BLOCKS_SAVE);
  else {
    persistence.saveInBackground();
    reply.simple('Background saving started');
  }
}

export const BGREWRITEAOF = defineCommand({
  name: 'BGREWRITEAOF',
  summary: 'Rewrites the append only file from the data, as it is now, while commands go on.',
  group: 'server',
  since: '1.0.0',
  complexity: 'O(1)',
  arity: 1, // BGREWRITEAOF
  flags: ADMIN | NOSCRIPT | NO_ASYNC_LOADING,
  handler: rewriteAof,
});

function rewriteAof({ reply, server, session }: Call): void {
  const { persistence } = server;
  if (persistence.rewriteInProgress) reply.error(errors.REWRITE_IN_PROGRESS);
  else if (persistence.saveInProgress || session.queue !== null) {
    // The other commands of a transaction come first.
    persistence.scheduleRewrite();
    reply.simple('Background append only file rewriting scheduled');
  } else if (persistence.rewrite() === null) {
    reply.simple('Background append only file rewriting started');
  } else reply.error(errors.REWRITE_FAILED);
}
