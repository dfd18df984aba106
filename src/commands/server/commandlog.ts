/** COMMANDLOG: the slow log and its two siblings, of large requests and of large replies. */
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { LARGE_REPLY, LARGE_REQUEST, type LogKind, SLOW } from '../command-logs.ts';
import { ADMIN, arg, defineCommand, LOADING, STALE } from '../define.ts';
import { replyHelp } from '../help.ts';
import { replyEntries, replyLength, resetLog } from './command-log-replies.ts';

const FLAGS = ADMIN | LOADING | STALE;
const TYPE = arg.oneOf('type', [
  arg.token('slow', 'SLOW'),
  arg.token('large-request', 'LARGE-REQUEST'),
  arg.token('large-reply', 'LARGE-REPLY'),
]);

export const COMMANDLOG = defineCommand({
  name: 'COMMANDLOG',
  summary: 'Commands about the logs of slow commands, of large requests and of large replies.',
  group: 'server',
  since: '8.1.0',
  origin: 'valkey 8.1',
  complexity: 'Depends on subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [
    defineCommand({
      name: 'GET',
      summary: 'Returns the newest entries of a command log.',
      group: 'server',
      since: '8.1.0',
      complexity: 'O(N) where N is the number of entries returned',
      arity: 4, // COMMANDLOG GET count type
      flags: FLAGS,
      tips: ['request_policy:all_nodes', 'nondeterministic_output'],
      args: [arg.integer('count'), TYPE],
      handler: (call) => withLog(call, 3, (kind) => replyEntries(call, kind, 2)),
    }),
    defineCommand({
      name: 'LEN',
      summary: 'Returns the number of entries in a command log.',
      group: 'server',
      since: '8.1.0',
      complexity: 'O(1)',
      arity: 3, // COMMANDLOG LEN type
      flags: FLAGS,
      tips: ['request_policy:all_nodes', 'response_policy:agg_sum', 'nondeterministic_output'],
      args: [TYPE],
      handler: (call) => withLog(call, 2, (kind) => replyLength(call, kind)),
    }),
    defineCommand({
      name: 'RESET',
      summary: 'Empties a command log.',
      group: 'server',
      since: '8.1.0',
      complexity: 'O(N) where N is the number of entries in the commandlog',
      arity: 3, // COMMANDLOG RESET type
      flags: FLAGS,
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      args: [TYPE],
      handler: (call) => withLog(call, 2, (kind) => resetLog(call, kind)),
    }),
    defineCommand({
      name: 'HELP',
      summary: 'Explains the subcommands.',
      group: 'server',
      since: '8.1.0',
      complexity: 'O(1)',
      arity: 2, // COMMANDLOG HELP
      flags: LOADING | STALE,
      handler: help,
    }),
  ],
});

/** Calls `then` with the log that argument `index` names; replies an error when it names none. */
function withLog(call: Call, index: number, then: (kind: LogKind) => void): void {
  if (call.is(index, 'SLOW')) then(SLOW);
  else if (call.is(index, 'LARGE-REQUEST')) then(LARGE_REQUEST);
  else if (call.is(index, 'LARGE-REPLY')) then(LARGE_REPLY);
  else call.reply.error(errors.COMMAND_LOG_TYPE);
}

function help(call: Call): void {
  replyHelp(call, 'COMMANDLOG', [
    'GET <count> <type>',
    '    The newest entries of a log (-1: all). Each has its id, its time, the microseconds or the bytes for which it is there,',
    '    the arguments, and the address and the name of the client. Types are:',
    '    * slow',
    '      Commands that took long.',
    '    * large-request',
    '    * large-reply',
    'LEN <type>',
    '    How many entries there are.',
    'RESET <type>',
    '    Empty the log.',
  ]);
}
