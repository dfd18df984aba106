/** ACL categories: their names, and which ones a declaration implies. */
import {
  ADMIN,
  BLOCKING,
  type CommandDeclaration,
  type CommandGroup,
  FAST,
  PUBSUB,
  READONLY,
  WRITE,
} from './define.ts';

/** Every category, in the order in which they are listed. */
export const CATEGORIES: readonly string[] = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
];

/** Groups whose commands form a category. */
const OF_GROUP: Partial<Record<CommandGroup, string>> = {
  string: 'string',
  hash: 'hash',
  list: 'list',
  set: 'set',
  'sorted-set': 'sortedset',
  stream: 'stream',
  bitmap: 'bitmap',
  hyperloglog: 'hyperloglog',
  geo: 'geo',
  connection: 'connection',
  transactions: 'transaction',
  scripting: 'scripting',
};

/** The categories of a command, without '@', in the order of CATEGORIES. */
export function categoriesOf(command: CommandDeclaration): string[] {
  const found = new Set(command.categories);
  const { flags, handler, subcommands, group } = command;
  // A container that only holds subcommands does nothing itself.
  const ofGroup = handler || !subcommands ? OF_GROUP[group] : undefined;
  if (ofGroup !== undefined) found.add(ofGroup);
  if (flags & WRITE) found.add('write');
  // Scripts are not reads for all that they may promise to write nothing.
  if (flags & READONLY && !found.has('scripting')) found.add('read');
  if (flags & ADMIN) found.add('admin').add('dangerous');
  if (flags & PUBSUB) found.add('pubsub');
  if (flags & BLOCKING) found.add('blocking');
  found.add(flags & FAST ? 'fast' : 'slow');
  return CATEGORIES.filter((category) => found.has(category));
}
