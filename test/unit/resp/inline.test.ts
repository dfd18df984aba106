/** Words of inline lines. test/command/protocol-errors.test.ts asks the real server about the same forms. */
import { describe, expect, it } from 'vitest';
import { encodeRequest, splitInline } from '../../../src/resp/inline.ts';

function words(line: string): string[] | null {
  const bytes = Buffer.from(`<${line}>`, 'latin1');
  const split = splitInline(bytes, 1, bytes.length - 1);
  return split?.map((word) => Buffer.from(word).toString('latin1')) ?? null;
}

describe('splitInline', () => {
  const cases: [string, string[] | null][] = [
    ['', []],
    ['  \t ', []],
    ['PING', ['PING']],
    ['  SET  a\tb \r\n', ['SET', 'a', 'b']],
    ['"a b" \'c d\'', ['a b', 'c d']],
    ['""', ['']],
    ['"\\x41\\n\\r\\t\\b\\a\\q\\\\\\""', ['A\n\r\t\b\x07q\\"']],
    ['"\\xzz"', ['xzz']],
    ['"\\x4"', ['x4']],
    ["'a\\n\\'b'", ["a\\n'b"]],
    ['a\\nb', ['a\\nb']],
    ['a"b"', ['ab']],
    ['"a"b', null],
    ["'a'b", null],
    ['"a', null],
    ["'a", null],
    ['"a\\', null],
    ['a\0b c', ['a']],
    ['"a\0b"', null],
    ['\xff\xfe', ['\xff\xfe']],
  ];
  for (const [line, expected] of cases) {
    it(JSON.stringify(line), () => {
      expect(words(line)).toEqual(expected);
    });
  }
});

describe('encodeRequest', () => {
  it('is RESP', () => {
    const bytes = encodeRequest([Buffer.from('SET'), Buffer.from(''), Buffer.from('a\r\n')]);
    expect(Buffer.from(bytes).toString()).toBe('*3\r\n$3\r\nSET\r\n$0\r\n\r\n$3\r\na\r\n\r\n');
  });
});
