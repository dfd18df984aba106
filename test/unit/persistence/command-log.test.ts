/** How entries get to the log: whole transactions, files that select for themselves, and a file that cannot be written. */
import { describe, expect, it } from 'vitest';
import { Call } from '../../../src/commands/call.ts';
import { WRITE } from '../../../src/commands/define.ts';
import { CommandTable } from '../../../src/commands/table.ts';
import { CommandLog } from '../../../src/persistence/aof/command-log.ts';
import {
  createLogMemory,
  LOG_WHOLE,
  LogReader,
  LogWriter,
  readPosition,
} from '../../../src/ring/log-ring.ts';

const SIZE = 1 << 12;

function setUp() {
  const memory = createLogMemory(SIZE);
  const state = { broken: false, together: false, timestamps: false, nowMs: 1_700_000_000_000 };
  const log = new CommandLog(new LogWriter(memory), new CommandTable([]), {
    timestamps: () => state.timestamps,
    nowMs: () => state.nowMs,
    broken: () => state.broken,
    together: () => state.together,
  });
  const reader = new LogReader(memory);
  /** What bio would write, as words; it is written with that. */
  const written = () => {
    const bytes = Buffer.concat(reader.pieces());
    reader.wrote(bytes.length);
    return bytes.toString('latin1');
  };
  const words = () =>
    written()
      .replace(/[*$]\d+\r\n/g, '')
      .split('\r\n')
      .slice(0, -1);
  /** A command that says one entry, or several, in a database. */
  const run = (index: number, ...entries: string[]) => {
    log.before({ index } as never);
    for (const entry of entries) {
      log.begin(1);
      log.word(entry);
    }
    log.after({ command: { flags: 0 } } as never, true);
  };
  return { log, memory, reader, run, state, words, written };
}

describe('CommandLog', () => {
  it('selects where the database changes, and anew in every file', () => {
    const { log, run, words } = setUp();
    run(0, 'A');
    run(0, 'B');
    run(3, 'C');
    log.publish();
    expect(words()).toEqual(['SELECT', '0', 'A', 'B', 'SELECT', '3', 'C']);
    log.startFile();
    run(3, 'D');
    log.publish();
    expect(words()).toEqual(['SELECT', '3', 'D']);
  });

  it('several entries of one command are a transaction, and within one they are not another', () => {
    const { log, run, words } = setUp();
    run(0, 'A', 'B', 'C');
    run(0, 'D');
    log.beginTransaction();
    run(1, 'E', 'F');
    run(1, 'G');
    log.endTransaction();
    log.beginTransaction();
    log.endTransaction();
    log.publish();
    const transaction = ['SELECT', '1', 'MULTI', 'E', 'F', 'G', 'EXEC'];
    expect(words()).toEqual(['SELECT', '0', 'MULTI', 'A', 'B', 'C', 'EXEC', 'D', ...transaction]);
  });

  it('a transaction that is cut is whole in both files', () => {
    const { log, run, words } = setUp();
    log.beginTransaction();
    run(0, 'A');
    run(0, 'B');
    log.cut();
    expect(words()).toEqual(['SELECT', '0', 'MULTI', 'A', 'B', 'EXEC']);
    // It goes on, so a rewrite still waits for its end.
    expect(log.isInside).toBe(true);
    log.startFile();
    run(0, 'C');
    run(0, 'D');
    log.endTransaction();
    expect(log.isInside).toBe(false);
    log.publish();
    expect(words()).toEqual(['SELECT', '0', 'MULTI', 'C', 'D', 'EXEC']);
  });

  it('one entry needs no transaction around it', () => {
    const { log, run, words } = setUp();
    log.beginTransaction();
    run(0, 'A');
    log.cut();
    run(0, 'B');
    log.endTransaction();
    log.publish();
    expect(words()).toEqual(['SELECT', '0', 'A', 'B']);
  });

  it('remarks with the time come once a second, and never inside a transaction', () => {
    const { log, run, state, words } = setUp();
    state.timestamps = true;
    run(0, 'A');
    run(0, 'B');
    state.nowMs += 1000;
    log.beginTransaction();
    run(0, 'C');
    state.nowMs += 1000;
    run(0, 'D');
    log.endTransaction();
    log.publish();
    expect(words()).toEqual([
      '#TS:1700000000',
      'SELECT',
      '0',
      'A',
      'B',
      '#TS:1700000001',
      'MULTI',
      'C',
      'D',
      'EXEC',
    ]);
  });

  it('while the file cannot be written nobody waits: what the ring does not take stays, in order, and is counted', () => {
    const { log, memory, run, state, written } = setUp();
    state.broken = true;
    let text = '';
    const control = new Int32Array(memory.control);
    for (let i = 0; i < 30; i++) {
      run(0, String(i % 10).repeat(500));
      log.publish();
    }
    expect(log.position).toBeGreaterThan(SIZE);
    expect(readPosition(control, LOG_WHOLE)).toBeLessThan(SIZE);
    state.broken = true;
    for (let turns = 0; turns < 10; turns++) {
      text += written();
      log.publish();
    }
    text += written();
    expect(text.length).toBe(log.position);
    expect(readPosition(control, LOG_WHOLE)).toBe(log.position);
    const bodies = [...text.matchAll(/\$500\r\n(\d)\1{499}\r\n/g)].map((match) => match[1]);
    expect(bodies).toEqual(Array.from({ length: 30 }, (_, i) => String(i % 10)));
  });

  it('what is given up goes through the ring all the same: positions only grow', () => {
    const { log, reader, run, state } = setUp();
    state.broken = true;
    for (let i = 0; i < 30; i++) run(0, 'x'.repeat(500));
    log.cut();
    const { position } = log;
    for (let turns = 0; ; turns++) {
      reader.wrote(reader.waiting);
      if (log.push()) break;
      expect(turns).toBeLessThan(10);
    }
    expect(log.position).toBe(position);
    expect(reader.written).toBe(position);
  });

  /** The log of a command whose arguments are between brackets in `text`, which are not there when it is logged. */
  function logOf(text: string): string {
    const { log, written } = setUp();
    const spans: number[] = [];
    let bare = '';
    for (const char of text) {
      if (char === '[' || char === ']') spans.push(bare.length);
      else bare += char;
    }
    const bytes = Buffer.from(bare, 'latin1');
    const call = new Call(null as never, null as never);
    call.bytes = new Uint8Array(bytes);
    call.spans = Int32Array.from(spans);
    call.argc = spans.length / 2;
    log.before({ index: 0 } as never);
    log.asItCame(call);
    log.after({ command: { flags: 0 } } as never, true);
    log.publish();
    return written().slice('*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n'.length);
  }

  it.each([
    '*3\r\n$3\r\n[SET]\r\n$1\r\n[k]\r\n$12\r\n[a long value]\r\n',
    '*3\r\n$3\r\n[set]\r\n$0\r\n[]\r\n$9\r\n[\r\n$1\r\nx\r\n]\r\n',
    `*2\r\n$3\r\n[DEL]\r\n$2100\r\n[${'key'.repeat(700)}]\r\n`,
  ])('a command as clients write it is logged as it came: %j', (text) => {
    expect(logOf(text)).toBe(text.replace(/[[\]]/g, ''));
  });

  it.each([
    // Typed, with as many blanks as a length would have room.
    '[SET] [k]      [a]',
    '[SET]      [k]      [a]\r\n',
    // A length that is not written as others do.
    '*3\r\n$3\r\n[SET]\r\n$01\r\n[k]\r\n$1\r\n[a]\r\n',
    '*3\r\n$3\r\n[SET]\r\n$001\r\n[k]\r\n$+1\r\n[a]\r\n',
    // What lies between the arguments looks like a length, and is of something else.
    '[SET]\r\n$2\r\n[k]\r\n$11\r\n[a]\r\n',
    '[SET]\r\n$1\r\n[k]\r\n$1\n\n[a]\r\n',
    '[SET]\r\n*1\r\n[k]x\n$1\r\n[a]\r\n',
    // As a script packs them.
    '[SET][k][a]',
    '[SET]\r\n[k]\r\n[a]',
  ])('a command that came otherwise is logged as clients would write it: %j', (text) => {
    expect(logOf(text)).toBe('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\na\r\n');
  });
});

describe('CommandLog, requests as they came', () => {
  const WRITES = { flags: WRITE, id: 0 };
  const db = { index: 0 } as never;

  /** A log and the memory that requests are in, one behind the other. */
  function setUpRequests(text: string) {
    const parts = setUp();
    const memory = new ArrayBuffer(1 << 10);
    const bytes = new Uint8Array(memory);
    Buffer.from(text, 'latin1').copy(bytes);
    const call = new Call(undefined as never, undefined as never);
    call.bytes = bytes;
    call.data = new DataView(memory);
    call.command = WRITES as never;
    /** Runs the request whose arguments these are, from `from` on. Returns where the last one ends. */
    const request = (from: number, ...words: string[]): number => {
      const spans: number[] = [];
      let at = from;
      for (const word of words) {
        const start = text.indexOf(word, at);
        at = start + word.length;
        spans.push(start, at);
      }
      call.spans = Int32Array.from(spans);
      call.argc = words.length;
      parts.log.before(db);
      parts.log.after(call, true);
      return at;
    };
    return { ...parts, bytes, call, request };
  }

  const resp = (...words: string[]) =>
    `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
  const SELECT = resp('SELECT', '0');
  const LONG = 'v'.repeat(123);

  it('are the same whether they lie one behind the other or not, or something else is logged in between', () => {
    const [a, b, c, d] = [
      resp('SET', 'a', LONG),
      resp('SET', 'b', ''),
      resp('DEL', 'c'),
      resp('SET', 'd', 'y'),
    ];
    const { bytes, log, request, run, written } = setUpRequests(`${a}${b}--${c}${d}`);
    log.startBatch(bytes);
    let at = request(0, 'SET', 'a', LONG);
    at = request(at, 'SET', 'b', '');
    at = request(at, 'DEL', 'c');
    run(0, 'X');
    request(at, 'SET', 'd', 'y');
    log.publish();
    // What is published does not change with the requests.
    bytes.fill(0);
    expect(written()).toBe(`${SELECT}${a}${b}${c}${resp('X')}${d}`);
  });

  it('something as long as what is left out between two of them is not taken for it', () => {
    const [a, b] = [resp('SET', 'a', LONG), resp('SET', 'b', LONG)];
    const { bytes, log, request, run, written } = setUpRequests(`${a}${'-'.repeat(resp('X').length)}${b}`);
    log.startBatch(bytes);
    const at = request(0, 'SET', 'a', LONG);
    run(0, 'X');
    request(at, 'SET', 'b', LONG);
    log.publish();
    expect(written()).toBe(`${SELECT}${a}${resp('X')}${b}`);
  });

  it('in a transaction come after its MULTI', () => {
    const [a, b] = [resp('SET', 'a', 'y'), resp('SET', 'b', 'z')];
    const { bytes, log, request, written } = setUpRequests(`${a}${b}`);
    log.startBatch(bytes);
    log.beginTransaction();
    const at = request(0, 'SET', 'a', 'y');
    request(at, 'SET', 'b', 'z');
    log.endTransaction();
    log.publish();
    expect(written()).toBe(`${SELECT}${resp('MULTI')}${a}${b}${resp('EXEC')}`);
  });

  it('in memory that does not last are copied at once, as all are after publish()', () => {
    const a = resp('SET', 'a', 'y');
    const { bytes, log, request, written } = setUpRequests(a);
    log.startBatch(new Uint8Array(1));
    request(0, 'SET', 'a', 'y');
    bytes.fill(0);
    log.publish();
    expect(written()).toBe(SELECT + a);
    Buffer.from(a, 'latin1').copy(bytes);
    log.startBatch(bytes);
    log.publish();
    request(0, 'SET', 'a', 'y');
    bytes.fill(0);
    log.publish();
    expect(written()).toBe(a);
  });

  it.each([
    ['what follows a value is not looked at', '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nyxy'],
    ['nor what follows an argument before it', '*3\r\n$3\r\nSET\r\n$1\r\na  $1\r\ny\r\n'],
    ['nor the second byte of a line end', '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r-y\r\n'],
    ['nor that of the first line', '*3\r-$3\r\nSET\r\n$1\r\na\r\n$1\r\ny\r\n'],
    ['typed', 'SET a y\r\n'],
    ['typed behind something', '12345678901234567890 SET a y'],
    ['without a head', '\r\nSET\r\n$1\r\na\r\n$1\r\ny\r\n'],
    ['another count', '*4\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\ny\r\n'],
    ['another length', '*3\r\n$3\r\nSET\r\n$2\r\na\r\n$1\r\ny\r\n'],
    ['a longer number', '*3\r\n$13\r\nSET\r\n$1\r\na\r\n$11\r\ny\r\n'],
  ])('are logged as they should have come: %s', (_, text) => {
    const { bytes, log, request, written } = setUpRequests(text);
    log.startBatch(bytes);
    request(0, 'SET', 'a', 'y');
    log.publish();
    expect(written()).toBe(SELECT + resp('SET', 'a', 'y'));
  });

  it.each([9, 10, 99, 100, 255, 256, 300])('with %i bytes', (size) => {
    const value = 'x'.repeat(size);
    const text = resp('SET', 'key', value);
    const { bytes, log, request, written } = setUpRequests(text);
    log.startBatch(bytes);
    request(0, 'SET', 'key', value);
    log.publish();
    expect(written()).toBe(SELECT + text);
  });

  it('at the very end of the memory', () => {
    const text = resp('SET', 'a', 'end');
    const { bytes, call, log, written } = setUpRequests('');
    const from = bytes.length - text.length + 2;
    Buffer.from(text, 'latin1').copy(bytes, from);
    call.spans = Int32Array.from(
      ['SET', 'a', 'end'].flatMap((word) => {
        const start = from + text.indexOf(word);
        return [start, start + word.length];
      }),
    );
    call.argc = 3;
    log.startBatch(bytes);
    log.before(db);
    log.after(call, true);
    log.publish();
    expect(written()).toBe(SELECT + text);
  });
});
