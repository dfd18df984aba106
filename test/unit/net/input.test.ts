/** From bytes to descriptors: however a stream is cut, the executor sees the same requests and the same error. */
import { describe, expect, it } from 'vitest';
import { INPUT_STALLED, INPUT_TAKEN, INPUT_TOO_BIG } from '../../../src/net/input.ts';
import { REQUEST_BYTES_LARGE, SETTING_QUERY_BUFFER_MAX } from '../../../src/ring/layout.ts';
import { seededRandom } from '../base/seeded-random.ts';
import { command } from '../executor/rig.ts';
import { InputRig, type Seen } from './input-rig.ts';

function latin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

const TIMEOUT_MS = 60_000;
/** THREADIS_FUZZ_ROUNDS makes the runs over mutated streams longer. */
const ROUNDS = Number(process.env.THREADIS_FUZZ_ROUNDS ?? 1500);

interface Outcome {
  requests: string[][];
  end: string;
}

/** What becomes of a stream that is read in the given pieces. */
function outcome(pieces: Uint8Array[], prepare: (rig: InputRig) => void = () => {}): Outcome {
  const rig = new InputRig();
  prepare(rig);
  let end = 'taken';
  for (const piece of pieces) {
    end = rig.feed(piece);
    if (end !== 'taken') break;
  }
  return { requests: rig.seen.map((seen) => seen.args), end };
}

function seenOf(text: string): Seen[] {
  const rig = new InputRig();
  expect(rig.feed(latin1(text))).toBe('taken');
  return rig.seen;
}

/** Streams of whole requests of every form. */
const CORPUS: string[] = [
  command('PING'),
  command('GET', 'key'),
  command('SET', 'key', 'a\r\nb\0c'),
  command('SET', '', ''),
  command(...'abcdefghijkl'),
  command('SET', 'k', 'v'.repeat(100)),
  command('SET', 'k', 'v'.repeat(12345)),
  'PING\r\n',
  'PING\n',
  'SET a "b c\\x41"\r\n',
  '\r\n',
  '*0\r\n',
  '*-1\r\n',
  '*3\r\n$3\r\nSET\r\n$1\r\n*\r\n$1\r\n$\r\n',
  '*1\rx$4\rxPINGxx',
  command('PING') + command('GET', 'a') + 'PING\r\n' + command('PING'),
  `*0\r\n\r\n${command('PING')}*-5\r\nGET a\r\n`,
];

const BROKEN: string[] = [
  '*x\r\n',
  '*\r\n',
  '*2147483648\r\n',
  '*1\r\nx\r\n',
  '*1\r\n$-1\r\n',
  '*1\r\n$x\r\n',
  '*2\r\n$3\r\nGET\r\n:1\r\n',
  '"open\r\n',
  `${command('PING')}*1\r\n\r\n`,
];

describe('a request cut in two', () => {
  for (const stream of [...CORPUS.filter((text) => text.length < 1000), ...BROKEN]) {
    it(`${JSON.stringify(stream.slice(0, 40))} means the same wherever it is cut`, () => {
      const bytes = latin1(stream);
      const whole = outcome([bytes]);
      for (let cut = 1; cut < bytes.length; cut++) {
        expect(outcome([bytes.subarray(0, cut), bytes.subarray(cut)]), `cut at ${cut}`).toEqual(whole);
      }
      expect(outcome(Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)))).toEqual(whole);
    });
  }

  it('the whole corpus in three pieces of any size', () => {
    const random = seededRandom('requests in pieces');
    const bytes = latin1(CORPUS.join(''));
    const whole = outcome([bytes]);
    expect(whole.requests.length).toBe(18);
    for (let round = 0; round < 300; round++) {
      const [a, b] = [random.below(bytes.length), random.below(bytes.length)].sort((x, y) => x - y);
      const pieces = [bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)];
      expect(outcome(pieces.filter((piece) => piece.length > 0))).toEqual(whole);
    }
  });
});

describe('mutated streams', () => {
  const ALPHABET = '*$\r\n"\' 0123456789-+:abPINGx\0\xff';

  function mutate(text: string, below: (n: number) => number): string {
    const at = below(text.length);
    const char = ALPHABET[below(ALPHABET.length)];
    const kind = below(4);
    if (kind === 0) return text.slice(0, at) + char + text.slice(at + 1);
    if (kind === 1) return text.slice(0, at) + char + text.slice(at);
    if (kind === 2) return text.slice(0, at) + text.slice(at + 1 + below(6));
    return text.slice(0, at) + text.slice(below(text.length));
  }

  for (const loggedIn of [true, false]) {
    it(
      `give the same requests and error whole and in pieces, ${loggedIn ? 'logged in' : 'before AUTH'}`,
      () => {
        const { below } = seededRandom('mutated streams');
        const prepare = (rig: InputRig): void => {
          if (!loggedIn) rig.requirePassword();
        };
        const errors = new Set<string>();
        const short = CORPUS.filter((text) => text.length < 1000);
        for (let round = 0; round < ROUNDS; round++) {
          let text = Array.from({ length: 1 + below(4) }, () => short[below(short.length)]).join('');
          for (let i = 1 + below(4); i > 0; i--) text = mutate(text, below) || 'x';
          const bytes = latin1(text);
          const whole = outcome([bytes], prepare);
          errors.add(whole.end);
          const pieces: Uint8Array[] = [];
          for (let at = 0; at < bytes.length; ) {
            const size = 1 + below(round % 2 === 0 ? 3 : bytes.length);
            pieces.push(bytes.subarray(at, at + size));
            at += size;
          }
          expect(outcome(pieces, prepare), JSON.stringify(text)).toEqual(whole);
        }
        expect(errors.size).toBeGreaterThan(4);
      },
      TIMEOUT_MS,
    );
  }
});

describe('what a descriptor says', () => {
  it('the command, in any case, or -1', () => {
    expect(
      seenOf(command('get', 'a') + command('SeT', 'a', 'b') + command('nope')).map((seen) => seen.command),
    ).toEqual([0, 1, -1]);
  });

  it('the hash of the first key wherever it stands, 0 where there is none', () => {
    const { hasher } = new InputRig();
    const hashOf = (text: string): number => hasher.hash(latin1(text), 0, text.length);
    const big = 'v'.repeat(REQUEST_BYTES_LARGE);
    const stream = [
      command('GET', 'key'),
      'GET key\r\n',
      command('BITOP', 'AND', 'dest', 'x'),
      command('SET', 'key', big),
      command('PING', 'key'),
      command('GET'),
      command('nope', 'key'),
    ].join('');
    expect(seenOf(stream).map((seen) => seen.hash)).toEqual([
      hashOf('key'),
      hashOf('key'),
      hashOf('dest'),
      hashOf('key'),
      0,
      0,
      0,
    ]);
  });

  it('nothing of a key for a command that tells of other connections, which is noted', () => {
    const rig = new InputRig();
    rig.feed(latin1(command('GET', 'key') + command('PING') + command('nope')));
    expect(rig.input.looksAround).toBe(false);
    rig.feed(latin1(command('CLIENT', 'LIST')));
    expect(rig.input.looksAround).toBe(true);
    expect(rig.seen.at(-1)).toMatchObject({ command: 4, hash: 0 });
    rig.input.looksAround = false;
    rig.feed(latin1('client list\r\n'));
    expect(rig.input.looksAround).toBe(true);
  });

  it('where the whole command lies, an inline one as RESP', () => {
    const stream = command('SET', 'a', 'b') + 'GET  "a"\r\n';
    expect(seenOf(stream).map((seen) => seen.whole)).toEqual([command('SET', 'a', 'b'), command('GET', 'a')]);
  });

  it('a command with too many bytes or too many arguments travels outside the ring', () => {
    const bytes = seenOf(command('SET', 'k', 'v'.repeat(REQUEST_BYTES_LARGE)) + command('PING'));
    expect(bytes.map((seen) => seen.whole === null)).toEqual([true, false]);
    const many = Array.from({ length: 20_000 }, (_, i) => String(i));
    const words = seenOf(command('nope', ...many) + command('PING'));
    expect(words.map((seen) => seen.whole === null)).toEqual([true, false]);
    expect(words[0].args).toEqual(['nope', ...many]);
    const line = seenOf(`nope ${'x '.repeat(20_000)}\r\nPING\r\n`);
    expect(line.map((seen) => seen.args.length)).toEqual([20_001, 1]);
  });
});

describe('a full ring', () => {
  it('keeps what did not fit, whatever its form, and goes on with it', () => {
    const forms = [
      (i: number) => command('SET', `key-${i}`, 'v'.repeat(3000)),
      (i: number) => `SET key-${i} ${'v'.repeat(3000)}\r\n`,
    ];
    for (const form of forms) {
      const rig = new InputRig();
      let status = INPUT_TAKEN;
      let sent = 0;
      while (status === INPUT_TAKEN) {
        const bytes = latin1(form(sent++));
        status = rig.input.take(rig.connection, bytes, 0, bytes.length);
      }
      expect(status).toBe(INPUT_STALLED);
      for (let more = 0; more < 3; more++) {
        const bytes = latin1(form(sent++));
        rig.input.keep(rig.connection, bytes, 0, bytes.length);
      }
      expect(rig.input.retry(rig.connection)).toBe(INPUT_STALLED);
      rig.drain();
      expect(rig.input.retry(rig.connection)).toBe(INPUT_TAKEN);
      rig.drain();
      expect(rig.seen.map((seen) => seen.args[1])).toEqual(
        Array.from({ length: sent }, (_, i) => `key-${i}`),
      );
    }
  });

  it('a command in pieces that is whole but has no room keeps its place', () => {
    const rig = new InputRig();
    const filler = latin1(command('SET', 'filler', 'v'.repeat(60_000)));
    while (rig.input.take(rig.connection, filler, 0, filler.length) === INPUT_TAKEN);
    // What did not fit of the filler waits; drained, it goes, and the ring is filled again by hand.
    rig.drain();
    rig.input.retry(rig.connection);
    rig.drain();
    const before = rig.seen.length;
    const other = new InputRig().connection;
    const pieces = latin1(command('SET', 'pieces', 'p'.repeat(200_000)) + command('GET', 'after'));
    let at = 0;
    for (; at < 190_000; at += 10_000) rig.input.take(other, pieces, at, at + 10_000);
    while (rig.input.take(rig.connection, filler, 0, filler.length) === INPUT_TAKEN);
    const status = rig.input.take(other, pieces, at, pieces.length);
    expect(status).toBe(INPUT_STALLED);
    rig.drain();
    expect(rig.input.retry(other)).toBe(INPUT_TAKEN);
    rig.drain();
    expect(
      rig.seen
        .slice(before)
        .filter((seen) => seen.args[1] !== 'filler')
        .map((seen) => seen.args[1]),
    ).toEqual(['pieces', 'after']);
  });

  it('a backlog larger than the ring is taken piece by piece', () => {
    const rig = new InputRig();
    const count = 1500;
    const stream = latin1(
      Array.from({ length: count }, (_, i) => command('SET', `k${i}`, 'v'.repeat(1000))).join(''),
    );
    rig.input.keep(rig.connection, stream, 0, stream.length);
    for (let round = 0; rig.input.retry(rig.connection) === INPUT_STALLED; round++) {
      rig.drain();
      expect(round).toBeLessThan(10);
    }
    rig.drain();
    expect(rig.seen.map((seen) => seen.args[1])).toEqual(Array.from({ length: count }, (_, i) => `k${i}`));
  });
});

describe('client-query-buffer-limit', () => {
  it('ends a client whose unfinished command is larger', () => {
    const rig = new InputRig();
    rig.process[SETTING_QUERY_BUFFER_MAX] = 10_000;
    const bytes = latin1(command('SET', 'k', 'v'.repeat(50_000)));
    expect(rig.input.take(rig.connection, bytes, 0, 9000)).toBe(INPUT_TAKEN);
    expect(rig.input.take(rig.connection, bytes, 9000, 12_000)).toBe(INPUT_TOO_BIG);
  });
});
