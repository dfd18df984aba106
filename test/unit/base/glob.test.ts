import { describe, expect, it } from 'vitest';
import { bytesFromString } from '../../../src/base/bytes.ts';
import { globMatch, globMatchString, isMatchAll } from '../../../src/base/glob.ts';
import { seededRandom } from './seeded-random.ts';

const random = seededRandom('glob');

/** The grammar as a recursive definition: slow, but obvious. */
function matches(pattern: string, text: string): boolean {
  return text === '' ? pattern === '' : matchesRest(pattern, text);
}

function matchesRest(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] === '*')
    return matchesRest(pattern.slice(1), text) || (text !== '' && matchesRest(pattern, text.slice(1)));
  if (text === '') return false;
  const rest = text.slice(1);
  if (pattern[0] === '?') return matchesRest(pattern.slice(1), rest);
  if (pattern[0] === '[') return matchesClass(pattern.slice(1), text[0], rest);
  const escaped = pattern[0] === '\\' && pattern.length > 1;
  return pattern[escaped ? 1 : 0] === text[0] && matchesRest(pattern.slice(escaped ? 2 : 1), rest);
}

function matchesClass(members: string, char: string, rest: string): boolean {
  const negated = members[0] === '^';
  if (negated) members = members.slice(1);
  let found = false;
  while (members !== '' && members[0] !== ']') {
    const escaped = /^\\(.)/s.exec(members);
    const range = escaped ? null : /^(.)-(.)/s.exec(members);
    if (range) found ||= char >= min(range[1], range[2]) && char <= max(range[1], range[2]);
    else found ||= char === (escaped ? escaped[1] : members[0]);
    members = members.slice((escaped ?? range)?.[0].length ?? 1);
  }
  return found !== negated && matchesRest(members.slice(1), rest);
}

const min = (a: string, b: string): string => (a < b ? a : b);
const max = (a: string, b: string): string => (a < b ? b : a);

/** How often a match that fails looks at the text and at the pattern; throws when it does not stop looking. */
function readsOf(pattern: string, text: string): number {
  let reads = 0;
  const counted = (bytes: Uint8Array) =>
    new Proxy(bytes, {
      get(target, at) {
        if (++reads > 50_000_000) throw new Error(`${pattern} takes more than ${reads} looks`);
        return Reflect.get(target, at);
      },
    });
  const [p, t] = [bytesFromString(pattern), bytesFromString(text)];
  expect(globMatch(counted(p), 0, p.length, counted(t), 0, t.length, false)).toBe(false);
  return reads;
}

describe('globMatch', () => {
  const yes: [string, string][] = [
    ['', ''],
    ['*', 'anything'],
    ['**', 'x'],
    ['h?llo', 'hallo'],
    ['h*llo', 'heeeello'],
    ['h[ae]llo', 'hello'],
    ['h[^e]llo', 'hbllo'],
    ['h[a-c]llo', 'hbllo'],
    ['h[c-a]llo', 'hbllo'],
    ['\\*', '*'],
    ['[\\]]', ']'],
    ['a\\', 'a\\'],
    ['[^]', 'x'],
    ['[abc', 'b'],
    ['*.*.txt', 'a.b.c.txt'],
    ['*aab', 'aaaab'],
  ];
  it.each(yes)('%j takes %j', (pattern, text) => {
    expect(globMatchString(pattern, text)).toBe(true);
  });

  const no: [string, string][] = [
    ['', 'a'],
    ['a', ''],
    ['*', ''],
    ['?', ''],
    ['h[^e]llo', 'hello'],
    ['[]', ']'],
    ['[]x]', 'x'],
    ['\\*', 'a'],
    ['a*b', 'ac'],
    ['a*[', 'a'],
    ['Hello', 'hello'],
  ];
  it.each(no)('%j refuses %j', (pattern, text) => {
    expect(globMatchString(pattern, text)).toBe(false);
  });

  it('folds ASCII letters when asked to, in classes and ranges too', () => {
    for (const pattern of ['HELLO', 'h[E]llo', 'h[D-F]llo', '\\Hello', 'H*O']) {
      expect(globMatchString(pattern, 'hELLo', true), pattern).toBe(true);
    }
    expect(globMatchString('\xc0', '\xe0', true)).toBe(false);
  });

  it('does not fold a byte behind a backslash in a class, and orders a range before it folds it', () => {
    expect(globMatchString('[\\H]', 'h', true)).toBe(false);
    expect(globMatchString('[a-Z]', 'h', true)).toBe(false);
    expect(globMatchString('[A-z]', 'h', true)).toBe(true);
  });

  it('stays inside the spans it is given', () => {
    const pattern = bytesFromString('xxa[bxx');
    const text = bytesFromString('zzabzz');
    expect(globMatch(pattern, 2, 5, text, 2, 4, false)).toBe(true);
    expect(globMatch(pattern, 2, 5, text, 2, 5, false)).toBe(false);
    expect(isMatchAll(bytesFromString('a*b'), 1, 2)).toBe(true);
    expect(isMatchAll(bytesFromString('a*b'), 1, 3)).toBe(false);
  });

  it('takes no exponential time', () => {
    for (const pattern of ['a*'.repeat(200) + 'b', '*?'.repeat(500) + 'b', '*a[ab]?'.repeat(100) + 'c']) {
      expect(readsOf(pattern, 'a'.repeat(5000))).toBeLessThan(pattern.length * 5000);
    }
  });

  it('takes a thousand stars and not one more, but for one at the end', () => {
    const text = 'a'.repeat(2000);
    expect(globMatchString('*a'.repeat(1000), text)).toBe(true);
    expect(globMatchString('*a'.repeat(1000) + '*', text)).toBe(true);
    expect(globMatchString('*a'.repeat(1001), text)).toBe(false);
  });

  it('agrees with the recursive definition on random patterns', () => {
    const text = (alphabet: string, sizeMax: number): string => {
      let result = '';
      for (let size = random.below(sizeMax + 1); size > 0; size--) result += random.pick([...alphabet]);
      return result;
    };
    for (let round = 0; round < 30_000; round++) {
      const pattern = text('aabbc**??[]^-\\', 9);
      const subject = text('aabbc[]-\\^*', 7);
      expect(globMatchString(pattern, subject), JSON.stringify([pattern, subject])).toBe(
        matches(pattern, subject),
      );
    }
  });
});
