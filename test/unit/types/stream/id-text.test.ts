import { describe, expect, it } from 'vitest';
import { bytesFromString, stringFromBytes } from '../../../../src/base/bytes.ts';
import { Id128 } from '../../../../src/base/id128.ts';
import {
  ID_TEXT_SIZE_MAX,
  INVALID,
  NO_SEQUENCE,
  parseId,
  VALID,
  writeId,
} from '../../../../src/types/stream/id-text.ts';

const MAX = '18446744073709551615';
const id = new Id128();

function read(text: string, missing: 0 | -1 = 0, star = false): string | number {
  const bytes = bytesFromString(`<${text}>`);
  const outcome = parseId(bytes, 1, bytes.length - 1, id, missing, star);
  if (outcome !== VALID) return outcome;
  const out = new Uint8Array(ID_TEXT_SIZE_MAX);
  return stringFromBytes(out, 0, writeId(id, out, 0));
}

describe('stream ids as text', () => {
  it.each([
    ['0', '0-0'],
    ['5-3', '5-3'],
    ['1526919030474-55', '1526919030474-55'],
    [`${MAX}-${MAX}`, `${MAX}-${MAX}`],
    ['9223372036854775808-9223372036854775807', '9223372036854775808-9223372036854775807'],
    // As strtoull() reads.
    ['01-007', '1-7'],
    [' 1-+2', '1-2'],
    ['1--02', `1-${18446744073709551616n - 2n}`],
    ['1-1\0 and more', '1-1'],
  ])('%j is %s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it.each([
    '',
    '-',
    '+',
    '-1',
    'x',
    '1-',
    '1-x',
    '1-2-3',
    '1.5',
    `${MAX}0`,
    '18446744073709551616',
    '1- ',
    '1--2',
    `1${' '.repeat(130)}`,
  ])('%j is none', (text) => {
    expect(read(text)).toBe(INVALID);
  });

  it('a sequence that is left out is the least or the greatest, or asked for by *', () => {
    expect(read('7')).toBe('7-0');
    expect(read('7', -1)).toBe(`7-${MAX}`);
    expect(read('7-*')).toBe(INVALID);
    expect(read('7-*', 0, true)).toBe(NO_SEQUENCE);
  });
});
