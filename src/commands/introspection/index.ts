/** COMMAND: the server's own description of its commands, derived from their declarations alone. */
import { arg, type CommandDeclaration, defineCommand, LOADING, STALE } from '../define.ts';
import { replyHelp } from '../help.ts';
import { docs } from './docs.ts';
import { getKeys, getKeysAndFlags } from './getkeys.ts';
import { info, replyAllInfo } from './info.ts';
import { count, list } from './list.ts';

const UNORDERED = 'nondeterministic_output_order';

const HELP = [
  '(no subcommand)',
  '    Describes every command, as INFO does.',
  'COUNT',
  '    Returns how many commands there are.',
  'LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]',
  '    Returns the names of the commands, or of those that the filter lets through.',
  'INFO [<command-name> ...]',
  '    Describes the named commands, all when none is named: arity, flags, keys,',
  '    ACL categories, tips, key specifications and subcommands.',
  'DOCS [<command-name> ...]',
  '    Returns the documentation of the named commands, of all when none is named.',
  'GETKEYS <full-command>',
  '    Returns the arguments of the given command that are keys.',
  'GETKEYSANDFLAGS <full-command>',
  '    Returns its keys and what the command does to each.',
];

/** What all subcommands have in common. */
const common = { group: 'server', categories: ['connection'], flags: LOADING | STALE } as const;

const names = [arg.string('command-name', { optional: true, many: true })];

const SUBCOMMANDS: readonly CommandDeclaration[] = [
  defineCommand({
    ...common,
    name: 'COUNT',
    summary: 'Returns how many commands the server has.',
    since: '2.8.13',
    complexity: 'O(1)',
    arity: 2, // COMMAND COUNT
    handler: count,
  }),
  defineCommand({
    ...common,
    name: 'DOCS',
    summary: 'Returns the documentation of commands.',
    since: '7.0.0',
    complexity: 'O(N) where N is the number of commands to look up',
    arity: -2, // COMMAND DOCS [name ...]
    tips: [UNORDERED],
    args: names,
    handler: docs,
  }),
  defineCommand({
    ...common,
    name: 'GETKEYS',
    summary: 'Returns the keys of a whole command.',
    since: '2.8.13',
    complexity: 'O(N) where N is the number of arguments',
    arity: -4, // COMMAND GETKEYS command arg [arg ...]
    handler: getKeys,
  }),
  defineCommand({
    ...common,
    name: 'GETKEYSANDFLAGS',
    summary: 'Returns the keys of a whole command and what it does to each.',
    since: '7.0.0',
    complexity: 'O(N) where N is the number of arguments',
    arity: -4, // COMMAND GETKEYSANDFLAGS command arg [arg ...]
    handler: getKeysAndFlags,
  }),
  defineCommand({
    ...common,
    name: 'HELP',
    summary: 'Lists the subcommands.',
    since: '5.0.0',
    complexity: 'O(1)',
    arity: 2, // COMMAND HELP
    handler: (call) => replyHelp(call, 'COMMAND', HELP),
  }),
  defineCommand({
    ...common,
    name: 'INFO',
    summary: 'Describes commands.',
    since: '2.8.13',
    history: [['7.0.0', 'Without names, every command is described.']],
    complexity: 'O(N) where N is the number of commands to look up',
    arity: -2, // COMMAND INFO [name ...]
    tips: [UNORDERED],
    args: names,
    handler: info,
  }),
  defineCommand({
    ...common,
    name: 'LIST',
    summary: 'Returns the names of commands.',
    since: '7.0.0',
    complexity: 'O(N) where N is the number of commands',
    arity: -2, // COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern]
    tips: [UNORDERED],
    args: [
      arg.oneOf(
        'filterby',
        [
          arg.string('module-name', { token: 'MODULE' }),
          arg.string('category', { token: 'ACLCAT' }),
          arg.pattern('pattern', { token: 'PATTERN' }),
        ],
        { token: 'FILTERBY', optional: true },
      ),
    ],
    handler: list,
  }),
];

export const COMMAND = defineCommand({
  ...common,
  name: 'COMMAND',
  summary: 'Describes every command.',
  since: '2.8.13',
  complexity: 'O(N) where N is the number of commands',
  arity: -1, // COMMAND [subcommand ...]
  tips: [UNORDERED],
  subcommands: SUBCOMMANDS,
  handler: replyAllInfo,
});

export const INTROSPECTION_COMMANDS: readonly CommandDeclaration[] = [COMMAND];
