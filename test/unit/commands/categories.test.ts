import { describe, expect, it } from 'vitest';
import { categoriesOf } from '../../../src/commands/categories.ts';
import {
  ADMIN,
  BLOCKING,
  type CommandDeclaration,
  FAST,
  PUBSUB,
  READONLY,
  WRITE,
} from '../../../src/commands/define.ts';

function declare(flags: number, more: Partial<CommandDeclaration> = {}): CommandDeclaration {
  return {
    name: 'X',
    summary: 'Made for a test.',
    group: 'server',
    since: '1.0.0',
    complexity: 'O(1)',
    arity: 1,
    flags,
    handler: () => {},
    ...more,
  };
}

describe('categoriesOf', () => {
  const cases: [string, CommandDeclaration, string[]][] = [
    ['nothing but slow', declare(0), ['slow']],
    ['fast', declare(FAST), ['fast']],
    ['a write to strings', declare(WRITE | FAST, { group: 'string' }), ['write', 'string', 'fast']],
    ['a read of sorted sets', declare(READONLY, { group: 'sorted-set' }), ['read', 'sortedset', 'slow']],
    ['admin is dangerous', declare(ADMIN), ['admin', 'slow', 'dangerous']],
    ['pubsub', declare(PUBSUB), ['pubsub', 'slow']],
    ['blocking', declare(WRITE | BLOCKING, { group: 'list' }), ['write', 'list', 'slow', 'blocking']],
    ['a read-only script is no read', declare(READONLY, { group: 'scripting' }), ['slow', 'scripting']],
    [
      'what the declaration adds',
      declare(FAST, { categories: ['keyspace', 'dangerous'] }),
      ['keyspace', 'fast', 'dangerous'],
    ],
    ['a container', declare(0, { group: 'stream', handler: undefined, subcommands: [] }), ['slow']],
  ];
  for (const [title, command, expected] of cases) {
    it(title, () => {
      expect(categoriesOf(command)).toEqual(expected);
    });
  }
});
