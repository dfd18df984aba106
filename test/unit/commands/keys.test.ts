/** findKeys and legacyRange over specs of every kind. The commands of Redis that have them serve as examples. */
import { describe, expect, it } from 'vitest';
import { type CommandDeclaration, type KeySpec, keyAt, keysFrom } from '../../../src/commands/define.ts';
import { type Arguments, findKeys, hasKeys, legacyRange } from '../../../src/commands/keys.ts';

function declare(keys: KeySpec[], more: Partial<CommandDeclaration> = {}): CommandDeclaration {
  return {
    name: 'X',
    summary: 'Made for a test.',
    group: 'generic',
    since: '1.0.0',
    complexity: 'O(1)',
    arity: -1,
    flags: 0,
    handler: () => {},
    keys,
    ...more,
  };
}

function args(line: string): Arguments {
  const words = line.split(' ');
  const bytes = Buffer.from(words.join(''), 'latin1');
  const starts = words.map((_, i) => words.slice(0, i).join('').length);
  return {
    argc: words.length,
    bytes,
    start: (index) => starts[index],
    end: (index) => starts[index] + words[index].length,
    text: (index) => words[index],
  };
}

/** The keys of the call, or null. */
function keysOf(command: CommandDeclaration, line: string): string[] | null {
  const given = args(line);
  return findKeys(command, given)?.map(({ index }) => given.text(index)) ?? null;
}

const XREAD = declare([
  {
    flags: ['RO', 'access'],
    begin: { keyword: 'STREAMS', from: 1 },
    find: { last: -1, step: 1, limit: 2 },
  },
]);
const LMPOP = declare([{ flags: ['RW'], begin: { index: 1 }, find: { keynum: 0, first: 1, step: 1 } }]);
const ZUNIONSTORE = declare([
  keyAt(1, 'OW'),
  { flags: ['RO'], begin: { index: 2 }, find: { keynum: 0, first: 1, step: 1 } },
]);
const MIGRATE = declare([
  keyAt(3, 'RW'),
  {
    flags: ['RW', 'incomplete'],
    begin: { keyword: 'KEYS', from: -2 },
    find: { last: -1, step: 1, limit: 0 },
  },
]);
const GEORADIUS = declare([
  keyAt(1, 'RO'),
  { flags: ['OW'], begin: { keyword: 'STORE', from: 6 }, find: { last: 0, step: 1, limit: 0 } },
]);

describe('findKeys', () => {
  const cases: [CommandDeclaration, string, string[] | null][] = [
    [declare([keyAt(1)]), 'X a b', ['a']],
    [declare([keyAt(1)]), 'X', null],
    [declare([keysFrom(1, -1, 1)]), 'X a b c', ['a', 'b', 'c']],
    [declare([keysFrom(1, -1, 2)]), 'X a 1 b 2', ['a', 'b']],
    [declare([keysFrom(1, -2, 1)]), 'X a b 10', ['a', 'b']],
    [declare([keysFrom(1, -2, 1)]), 'X a', []],
    [declare([keysFrom(1, 2, 1)]), 'X a b c', ['a', 'b']],
    [declare([keysFrom(1, 2, 1)]), 'X a', null],
    [declare([]), 'X a', []],
    [XREAD, 'XREAD COUNT 2 STREAMS a b 0 0', ['a', 'b']],
    [XREAD, 'XREAD streams a 0', ['a']],
    [XREAD, 'XREAD COUNT 2', []],
    [XREAD, 'XREAD x STREAMS', []],
    [LMPOP, 'LMPOP 2 a b LEFT', ['a', 'b']],
    [LMPOP, 'LMPOP 5 a b LEFT', null],
    [LMPOP, 'LMPOP 0 LEFT', []],
    [LMPOP, 'LMPOP -1 a', null],
    [LMPOP, 'LMPOP two a b', null],
    [LMPOP, 'LMPOP', null],
    [LMPOP, 'LMPOP 99999999999999999999 a', null],
    [ZUNIONSTORE, 'ZUNIONSTORE d 2 a b WEIGHTS 1 2', ['d', 'a', 'b']],
    [MIGRATE, 'MIGRATE h 1 k 0 10', ['k']],
    [MIGRATE, 'MIGRATE h 1 k 0 10 KEYS a b', ['k', 'a', 'b']],
    [GEORADIUS, 'GEORADIUS k 1 2 3 km STORE d', ['k', 'd']],
    [GEORADIUS, 'GEORADIUS k 1 2 3 km STORE', ['k']],
    [declare([{ ...keyAt(1), flags: ['not_key'] }]), 'SPUBLISH channel x', []],
  ];
  for (const [command, line, keys] of cases) {
    it(`${line}: ${keys === null ? 'not well formed' : keys.join(' ') || 'none'}`, () => {
      expect(keysOf(command, line)).toEqual(keys);
    });
  }

  it('getKeys counts where a spec is uncertain, and only there', () => {
    const getKeys = () => [{ index: 2, flags: ['OW' as const] }];
    expect(keysOf(declare([{ ...keyAt(1), flags: ['variable_flags'] }], { getKeys }), 'X a b')).toEqual([
      'b',
    ]);
    expect(
      keysOf(
        declare([{ flags: [], begin: { unknown: true }, find: { unknown: true } }], { getKeys }),
        'X a b',
      ),
    ).toEqual(['b']);
    expect(keysOf(declare([keyAt(1)], { getKeys }), 'X a b')).toEqual(['a']);
    expect(keysOf(declare([], { getKeys: () => null }), 'X a b')).toBeNull();
  });

  it('a key carries the flags of its spec', () => {
    expect(findKeys(ZUNIONSTORE, args('ZUNIONSTORE d 1 a'))).toEqual([
      { index: 1, flags: ['OW'] },
      { index: 3, flags: ['RO'] },
    ]);
  });
});

describe('hasKeys', () => {
  it('does not count channels', () => {
    expect(hasKeys(declare([keyAt(1)]))).toBe(true);
    expect(hasKeys(declare([{ ...keyAt(1), flags: ['not_key'] }]))).toBe(false);
    expect(hasKeys(declare([]))).toBe(false);
    expect(hasKeys(declare([], { getKeys: () => [] }))).toBe(true);
  });
});

describe('legacyRange', () => {
  const cases: [string, KeySpec[], number[]][] = [
    ['no spec', [], [0, 0, 0, 0]],
    ['one key', [keyAt(1)], [1, 1, 1, 0]],
    ['all arguments', [keysFrom(1, -1, 1)], [1, -1, 1, 0]],
    ['pairs', [keysFrom(1, -1, 2)], [1, -1, 2, 0]],
    ['two that follow each other', [keyAt(1), keyAt(2)], [1, 2, 1, 0]],
    ['a key, then all others', [keyAt(1), keysFrom(2, -1, 1)], [1, -1, 1, 0]],
    ['two apart', [keyAt(1), keyAt(3)], [1, 1, 1, 1]],
    ['a keyword', XREAD.keys as KeySpec[], [0, 0, 0, 1]],
    ['a count', LMPOP.keys as KeySpec[], [0, 0, 0, 1]],
    ['a key and a count', ZUNIONSTORE.keys as KeySpec[], [1, 1, 1, 1]],
    ['a key and a keyword', MIGRATE.keys as KeySpec[], [3, 3, 1, 1]],
    ['one that is incomplete', [{ ...keyAt(1), flags: ['incomplete'] }], [1, 1, 1, 1]],
  ];
  for (const [title, specs, expected] of cases) {
    it(title, () => {
      const { first, last, step, movable } = legacyRange(specs);
      expect([first, last, step, Number(movable)]).toEqual(expected);
    });
  }
});
