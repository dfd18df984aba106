import { SLOW } from '../command-logs.ts';
import { ADMIN, arg, defineCommand, LOADING, STALE } from '../define.ts';
import { replyHelp } from '../help.ts';
import { replyEntries, replyLength, resetLog } from './command-log-replies.ts';

const FLAGS = ADMIN | LOADING | STALE;

export const SLOWLOG = defineCommand({
  name: 'SLOWLOG',
  summary: 'Commands about the log of slow commands.',
  group: 'server',
  since: '2.2.12',
  complexity: 'Depends on subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [
    defineCommand({
      name: 'GET',
      summary: 'Returns the newest entries of the slow log.',
      group: 'server',
      since: '2.2.12',
      history: [['4.0.0', 'Added client IP address, port and name to the reply.']],
      complexity: 'O(N) where N is the number of entries returned',
      arity: -2, // SLOWLOG GET [count]
      flags: FLAGS,
      tips: ['request_policy:all_nodes', 'nondeterministic_output'],
      args: [arg.integer('count', { optional: true })],
      handler: (call) => replyEntries(call, SLOW, 2),
    }),
    defineCommand({
      name: 'LEN',
      summary: 'Returns the number of entries in the slow log.',
      group: 'server',
      since: '2.2.12',
      complexity: 'O(1)',
      arity: 2, // SLOWLOG LEN
      flags: FLAGS,
      tips: ['request_policy:all_nodes', 'response_policy:agg_sum', 'nondeterministic_output'],
      handler: (call) => replyLength(call, SLOW),
    }),
    defineCommand({
      name: 'RESET',
      summary: 'Empties the slow log.',
      group: 'server',
      since: '2.2.12',
      complexity: 'O(N) where N is the number of entries in the slowlog',
      arity: 2, // SLOWLOG RESET
      flags: FLAGS,
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      handler: (call) => resetLog(call, SLOW),
    }),
    defineCommand({
      name: 'HELP',
      summary: 'Explains the subcommands.',
      group: 'server',
      since: '6.2.0',
      complexity: 'O(1)',
      arity: 2, // SLOWLOG HELP
      flags: LOADING | STALE,
      handler: (call) =>
        replyHelp(call, 'SLOWLOG', [
          'GET [<count>]',
          '    The newest entries of the slow log (default: 10, -1: all). Each has its id, its time, how many microseconds',
          '    the command took, its arguments, and the address and the name of the client.',
          'LEN',
          '    How many entries there are.',
          'RESET',
          '    Empty the slow log.',
        ]),
    }),
  ],
});
