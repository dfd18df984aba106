/** The stream commands, over a socket, on our server and on the real one. Random ones are in differential-streams.test.ts. */
import { expect, it } from 'vitest';
import { crc64, updateCrc64, writeCrc64 } from '../../src/base/crc64.ts';
import { describeOnBoth, describeOnOurs, type Target } from './both-servers.ts';
import { type RawClient, readable } from './raw-client.ts';

const INVALID_ID = 'error: ERR Invalid stream ID specified as stream command argument';
const SYNTAX = 'error: ERR syntax error';
const WRONG_TYPE = 'error: WRONGTYPE Operation against a key holding the wrong kind of value';
const NOT_INTEGER = 'error: ERR value is not an integer or out of range';
const SMALL = 'error: ERR The ID specified in XADD is equal or smaller than the target stream top item';
const MAX = '18446744073709551615';

/** What the pairs of a flat reply say. */
function fields(reply: unknown): Record<string, unknown> {
  const flat = reply as unknown[];
  return Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[String(name), flat[i + 1]]] : [])));
}

interface Waiter {
  client: RawClient;
  reply: Promise<unknown>;
}

const pause = () => new Promise((done) => setTimeout(done, 2));

async function blocked(run: Target['run']): Promise<number> {
  return Number(/blocked_clients:(\d+)/.exec(String(await run('INFO clients')))![1]);
}

/** A client that has sent a command which waits. */
async function waiter({ client, run }: Target, command: string): Promise<Waiter> {
  const own = await client();
  const before = await blocked(run);
  const reply = own.call(...command.split(' ')).then(readable);
  while ((await blocked(run)) === before) await pause();
  return { client: own, reply };
}

describeOnBoth('stream', [], (target) => {
  const { run, call, client } = target;

  // ---- adding --------------------------------------------------------------------------------------

  it('XADD: takes ids that grow, and makes them', async () => {
    expect(await run('XADD s 5-3 a 1')).toBe('5-3');
    expect(await run('XADD s 5-3 a 1')).toBe(SMALL);
    expect(await run('XADD s 5 a 1')).toBe(SMALL);
    expect(await run('XADD s 5-* a 1')).toBe('5-4');
    expect(await run('XADD s 6-* a 1')).toBe('6-0');
    expect(await run('XADD s 7 a 1 b 2')).toBe('7-0');
    const id = String(await run('XADD s * a 1'));
    expect(id).toMatch(/^\d{13}-0$/);
    expect(await run('XLEN s')).toBe(5);
    expect(await run('XADD t 0-* a 1')).toBe('0-1');
    expect(await run('TYPE s')).toBe('stream');
    expect(await run('OBJECT ENCODING s')).toBe('stream');
  });

  it('XADD: * goes on from the last id when the clock is behind it', async () => {
    const far = '99999999999999999';
    expect(await run(`XADD s ${far}-7 a 1`)).toBe(`${far}-7`);
    expect(await run('XADD s * a 1')).toBe(`${far}-8`);
    expect(await run(`XADD s ${far}-${MAX} a 1`)).toBe(`${far}-${MAX}`);
    expect(await run('XADD s * a 1')).toBe('100000000000000000-0');
  });

  it.each([
    ['XADD s 0-0 a 1', 'error: ERR The ID specified in XADD must be greater than 0-0'],
    ['XADD s x a 1', INVALID_ID],
    ['XADD s 1-x a 1', INVALID_ID],
    ['XADD s - a 1', INVALID_ID],
    ['XADD s 1-1 a', "error: ERR wrong number of arguments for 'xadd' command"],
    ['XADD s 1-1 a 1 b', "error: ERR wrong number of arguments for 'xadd' command"],
    ['XADD s MAXLEN x 1-1 a 1', NOT_INTEGER],
    ['XADD s MAXLEN -1 1-1 a 1', 'error: ERR The MAXLEN argument must be >= 0.'],
    [
      'XADD s MAXLEN 1 MINID 1 1-1 a 1',
      'error: ERR syntax error, MAXLEN and MINID options at the same time are not compatible',
    ],
    [
      'XADD s LIMIT 1 1-1 a 1',
      'error: ERR syntax error, LIMIT cannot be used without specifying a trimming strategy',
    ],
    [
      'XADD s MAXLEN 1 LIMIT 1 1-1 a 1',
      'error: ERR syntax error, LIMIT cannot be used without the special ~ option',
    ],
    ['XADD s MAXLEN ~ 1 LIMIT -1 1-1 a 1', 'error: ERR The LIMIT argument must be >= 0.'],
    ['XTRIM s 1', "error: ERR wrong number of arguments for 'xtrim' command"],
    ['XTRIM s LIMIT 0', 'error: ERR syntax error, XTRIM must be called with a trimming strategy'],
    ['XTRIM s FOO 1', SYNTAX],
    ['XDEL s x', INVALID_ID],
    ['XRANGE s x +', INVALID_ID],
    ['XRANGE s - + COUNT', SYNTAX],
    ['XRANGE s - + COUNT x', NOT_INTEGER],
    [`XRANGE s (${MAX}-${MAX} +`, 'error: ERR invalid start ID for the interval'],
    ['XRANGE s - (0-0', 'error: ERR invalid end ID for the interval'],
  ])('%s is refused', async (command, reply) => {
    await run('XADD s 1-0 a 1');
    expect(await run(command)).toBe(reply);
    expect(await run('XLEN s')).toBe(1);
  });

  it('XADD: NOMKSTREAM makes no stream; an exhausted one takes no more', async () => {
    expect(await run('XADD s NOMKSTREAM * a 1')).toBeNull();
    expect(await run('EXISTS s')).toBe(0);
    expect(await run(`XADD s ${MAX}-${MAX} a 1`)).toBe(`${MAX}-${MAX}`);
    expect(await run('XADD s * a 1')).toBe(
      'error: ERR The stream has exhausted the last possible ID, unable to add more items',
    );
  });

  it('keeps fields and values as they were, of every size', async () => {
    const texts = ['', '0', '-0', '007', '9223372036854775807', '9223372036854775808', 'x'.repeat(70), '\0'];
    const sizes = [63, 64, 4095, 4096, 20_000, 1_048_500, 1_048_576, 2_500_000];
    await call('XADD', 's', '1-0', ...texts.flatMap((text) => [text, text]));
    for (const [i, size] of sizes.entries()) await call('XADD', 's', `${i + 2}-0`, 'f', 'v'.repeat(size));
    await call('XADD', 's', '99-0', ...texts.flatMap((text) => [text, `${text}!`]));
    const all = (await run('XRANGE s - +')) as [string, string[]][];
    expect(all[0]).toEqual(['1-0', texts.flatMap((text) => [text, text])]);
    expect(all.slice(1, -1).map(([, [, value]]) => value.length)).toEqual(sizes);
    expect(all.at(-1)).toEqual(['99-0', texts.flatMap((text) => [text, `${text}!`])]);
    expect(await run('XREVRANGE s + -')).toEqual(all.reverse());
    expect(await run('XDEL s 8-0 9-0')).toBe(2);
    expect(await run('COPY s t')).toBe(1);
    expect(await run('XRANGE t - +')).toEqual(await run('XRANGE s - +'));
    expect(await run('UNLINK s t')).toBe(2);
  });

  it('other types are refused, and refuse', async () => {
    await run('SET k text');
    for (const command of [
      'XADD k * a 1',
      'XLEN k',
      'XRANGE k - +',
      'XTRIM k MAXLEN 0',
      'XDEL k 1',
      'XREAD STREAMS k 0',
      'XREADGROUP GROUP g c STREAMS k >',
      'XGROUP CREATE k g 0',
      'XACK k g 1',
      'XCLAIM k g c 0 1',
      'XAUTOCLAIM k g c 0 0',
      'XPENDING k g',
      'XSETID k 1-1',
      'XINFO STREAM k',
    ])
      expect(await run(command), command).toBe(WRONG_TYPE);
    await run('XADD s * a 1');
    expect(await run('GET s')).toBe(WRONG_TYPE);
  });

  // ---- ranges and removing -------------------------------------------------------------------------

  it('XRANGE and XREVRANGE: by ids, exclusive ones, COUNT', async () => {
    for (let i = 1; i <= 250; i++) await run(`XADD s ${i}-${i % 3} n ${i}`);
    const ids = async (command: string) => ((await run(command)) as [string][]).map(([id]) => id);
    expect(await ids('XRANGE s 5 7')).toEqual(['5-2', '6-0', '7-1']);
    expect(await ids('XRANGE s (5-2 7-0')).toEqual(['6-0']);
    expect(await ids('XREVRANGE s 7 5')).toEqual(['7-1', '6-0', '5-2']);
    expect(await ids('XREVRANGE s + - COUNT 2')).toEqual(['250-1', '249-0']);
    expect((await ids('XRANGE s 20 230')).length).toBe(211);
    expect((await ids('XRANGE s - + COUNT 120')).length).toBe(120);
    expect(await ids('XRANGE s 300 +')).toEqual([]);
    expect(await run('XRANGE s - + COUNT 0')).toBeNull();
    expect(await run('XRANGE nothing - +')).toEqual([]);
    expect(await run('XDEL s 6-0 6-0 7-0')).toBe(1);
    expect(await ids('XRANGE s 5 7')).toEqual(['5-2', '7-1']);
    expect(await run('XTRIM s MAXLEN 10')).toBe(239);
    expect(await ids('XRANGE s - + COUNT 1')).toEqual(['241-1']);
    expect(await run('XTRIM s MINID 249')).toBe(8);
    expect(await run('XDEL s 249-0 250-1')).toBe(2);
    expect(await run('XLEN s')).toBe(0);
    expect(await run('EXISTS s')).toBe(1);
    expect(await run('XADD s 250-1 a 1')).toBe(SMALL);
  });

  it('XTRIM ~ removes whole blocks only, as many entries as LIMIT allows', async () => {
    for (let i = 1; i <= 350; i++) await run(`XADD s ${i}-0 n ${i}`);
    expect(await run('XTRIM s MAXLEN ~ 320')).toBe(0);
    expect(await run('XTRIM s MAXLEN ~ 60 LIMIT 100')).toBe(100);
    expect(await run('XTRIM s MINID ~ 250')).toBe(100);
    expect(await run('XADD s MAXLEN ~ 10 351-0 a 1')).toBe('351-0');
    expect(await run('XLEN s')).toBe(51);
  });

  it('XSETID and what XINFO STREAM tells of the ids', async () => {
    await run('XADD s 1-1 a 1');
    await run('XADD s 2-1 a 1');
    await run('XADD s 3-1 a 1');
    await run('XDEL s 1-1');
    const facts = fields(await run('XINFO STREAM s'));
    expect(facts).toMatchObject({
      length: 2,
      'radix-tree-keys': 1,
      'last-generated-id': '3-1',
      'max-deleted-entry-id': '1-1',
      'entries-added': 3,
      'recorded-first-entry-id': '2-1',
      groups: 0,
      'first-entry': ['2-1', ['a', '1']],
      'last-entry': ['3-1', ['a', '1']],
    });
    expect(await run('XSETID s 9-9 ENTRIESADDED 9223372036854775807 MAXDELETEDID 4-4')).toBe('OK');
    expect(fields(await run('XINFO STREAM s'))).toMatchObject({
      'last-generated-id': '9-9',
      'max-deleted-entry-id': '4-4',
    });
    expect(await run('XSETID s 1-1')).toBe(
      'error: ERR The ID specified in XSETID is smaller than the target stream top item',
    );
    expect(await run('XSETID nothing 1-1')).toBe('error: ERR no such key');
    expect(await run('XSETID s 1-1 ENTRIESADDED -1')).toBe('error: ERR entries_added must be positive');
    expect(await run('XINFO STREAM nothing')).toBe('error: ERR no such key');
    expect(await run('XINFO STREAM s FOO')).toBe(
      "error: ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.",
    );
  });

  it('XGROUP HELP and XINFO HELP', async () => {
    expect(((await run('XGROUP HELP')) as string[]).length).toBe(17);
    expect(((await run('XINFO HELP')) as string[])[0]).toBe(
      'XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
    );
    expect(await run('XGROUP FOO a')).toBe("error: ERR unknown subcommand 'FOO'. Try XGROUP HELP.");
  });

  // ---- groups --------------------------------------------------------------------------------------

  it('a group reads on, gives each entry once, and knows what is pending', async () => {
    for (let i = 1; i <= 5; i++) await run(`XADD s ${i}-0 n ${i}`);
    expect(await run('XGROUP CREATE s g 1-0')).toBe('OK');
    expect(await run('XGROUP CREATE s g 0')).toBe('error: BUSYGROUP Consumer Group name already exists');
    expect(await run('XREADGROUP GROUP g alice COUNT 2 STREAMS s >')).toEqual([
      [
        's',
        [
          ['2-0', ['n', '2']],
          ['3-0', ['n', '3']],
        ],
      ],
    ]);
    expect(await run('XREADGROUP GROUP g bob STREAMS s >')).toEqual([
      [
        's',
        [
          ['4-0', ['n', '4']],
          ['5-0', ['n', '5']],
        ],
      ],
    ]);
    expect(await run('XREADGROUP GROUP g bob STREAMS s >')).toBeNull();
    expect(await run('XPENDING s g')).toEqual([
      4,
      '2-0',
      '5-0',
      [
        ['alice', '2'],
        ['bob', '2'],
      ],
    ]);
    expect(await run('XACK s g 2-0 2-0 9-9')).toBe(1);
    await run('XDEL s 3-0');
    expect(await run('XREADGROUP GROUP g alice STREAMS s 0')).toEqual([['s', [['3-0', null]]]]);
    expect(await run('XCLAIM s g carol 0 4-0 JUSTID')).toEqual(['4-0']);
    expect(await run('XCLAIM s g carol 0 5-0 TIME 1000 RETRYCOUNT 7')).toEqual([['5-0', ['n', '5']]]);
    expect(await run('XCLAIM s g carol 0 1-0 FORCE')).toEqual([['1-0', ['n', '1']]]);
    const rows = (await run('XPENDING s g - + 10')) as [string, string, number, number][];
    expect(rows.map(([id, owner, , times]) => [id, owner, times])).toEqual([
      ['1-0', 'carol', 2],
      ['3-0', 'alice', 1],
      ['4-0', 'carol', 1],
      ['5-0', 'carol', 7],
    ]);
    expect(((await run('XPENDING s g IDLE 100000 - + 10')) as unknown[]).length).toBe(1);
    expect(await run('XAUTOCLAIM s g dave 0 0 COUNT 2')).toEqual(['4-0', [['1-0', ['n', '1']]], ['3-0']]);
    expect(await run('XAUTOCLAIM s g dave 0 4 JUSTID')).toEqual(['0-0', ['4-0', '5-0'], []]);
    expect(await run('XGROUP DELCONSUMER s g dave')).toBe(3);
    expect(await run('XPENDING s g')).toEqual([0, null, null, null]);
    expect(fields(((await run('XINFO GROUPS s')) as unknown[])[0])).toMatchObject({
      name: 'g',
      consumers: 3,
      pending: 0,
      'last-delivered-id': '5-0',
    });
    expect(await run('XGROUP CREATECONSUMER s g erin')).toBe(1);
    expect(await run('XGROUP CREATECONSUMER s g erin')).toBe(0);
    expect(await run('XGROUP SETID s g $ ENTRIESREAD 5')).toBe('OK');
    expect(await run('XGROUP DESTROY s g')).toBe(1);
    expect(await run('XGROUP DESTROY s g')).toBe(0);
  });

  it('XINFO STREAM FULL shows groups, consumers and what is pending', async () => {
    await run('XGROUP CREATE s g $ MKSTREAM');
    for (let i = 1; i <= 20; i++) await run(`XADD s ${i}-0 n ${i}`);
    await run('XREADGROUP GROUP g alice STREAMS s >');
    const full = fields(await run('XINFO STREAM s FULL'));
    expect((full.entries as unknown[]).length).toBe(10);
    const group = fields((full.groups as unknown[])[0]);
    expect(group).toMatchObject({ name: 'g', 'entries-read': 20, lag: 0, 'pel-count': 20 });
    expect((group.pending as unknown[]).length).toBe(10);
    const consumer = fields((group.consumers as unknown[])[0]);
    expect(consumer).toMatchObject({ name: 'alice', 'pel-count': 20 });
    const all = fields(await run('XINFO STREAM s FULL COUNT 0'));
    expect((all.entries as unknown[]).length).toBe(20);
  });

  it('names of many groups and consumers are in order', async () => {
    await run('XADD s 1-0 a 1');
    const names = Array.from({ length: 400 }, (_, i) => `name${(i * 7919) % 400}`);
    for (const name of names) {
      expect(await run(`XGROUP CREATE s ${name} 0`)).toBe('OK');
      expect(await run(`XGROUP CREATECONSUMER s name0 ${name}`)).toBe(1);
    }
    const shown = async (command: string) =>
      ((await run(command)) as unknown[]).map((row) => fields(row).name);
    expect(await shown('XINFO GROUPS s')).toEqual([...names].sort());
    expect(await shown('XINFO CONSUMERS s name0')).toEqual([...names].sort());
    for (const name of names.slice(1, 390)) {
      expect(await run(`XGROUP DESTROY s ${name}`)).toBe(1);
      expect(await run(`XGROUP DELCONSUMER s name0 ${name}`)).toBe(0);
    }
    const left = [names[0], ...names.slice(390)].sort();
    expect(await shown('XINFO GROUPS s')).toEqual(left);
    expect(await shown('XINFO CONSUMERS s name0')).toEqual(left);
  });

  it.each([
    [
      'XGROUP CREATE nothing g 0',
      'error: ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.',
    ],
    ['XGROUP SETID s nobody 0', "error: NOGROUP No such consumer group 'nobody' for key name 's'"],
    ['XGROUP CREATE s h 0 ENTRIESREAD -5', 'error: ERR value for ENTRIESREAD must be positive or -1'],
    [
      'XREADGROUP GROUP h c STREAMS s >',
      "error: NOGROUP No such key 's' or consumer group 'h' in XREADGROUP with GROUP option",
    ],
    ['XCLAIM s h c 0 1', "error: NOGROUP No such key 's' or consumer group 'h'"],
    ['XCLAIM s g c x 1', 'error: ERR Invalid min-idle-time argument for XCLAIM'],
    ['XCLAIM s g c 0 1 FOO', "error: ERR Unrecognized XCLAIM option 'FOO'"],
    ['XAUTOCLAIM s g c 0 0 COUNT 0', 'error: ERR COUNT must be > 0'],
    ['XPENDING s g - +', SYNTAX],
    ['XPENDING s h', "error: NOGROUP No such key 's' or consumer group 'h'"],
    ['XREAD STREAMS s', "error: ERR wrong number of arguments for 'xread' command"],
    [
      'XREAD NOACK STREAMS s 0',
      'error: ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.',
    ],
    ['XREAD BLOCK -1 STREAMS s 0', 'error: ERR timeout is negative'],
    ['XREAD COUNT x STREAMS s 0', NOT_INTEGER],
    ['XREADGROUP COUNT 1 NOACK STREAMS s s 0 0', 'error: ERR Missing GROUP option for XREADGROUP'],
    ['XACK s g x', INVALID_ID],
    ['XACK s nobody x', 0],
  ])('%s', async (command, reply) => {
    await run('XADD s 1-0 a 1');
    await run('XGROUP CREATE s g 0');
    expect(await run(command)).toBe(reply);
  });

  // ---- waiting -------------------------------------------------------------------------------------

  it('XREAD BLOCK waits for what comes after $, for all who wait', async () => {
    await run('XADD s 1-0 a 1');
    const first = await waiter(target, 'XREAD BLOCK 0 STREAMS s $');
    const second = await waiter(target, 'XREAD BLOCK 0 COUNT 1 STREAMS t s 0 $');
    await run('XDEL s 1-0');
    expect(await run('XADD s 2-0 b 2')).toBe('2-0');
    expect(await first.reply).toEqual([['s', [['2-0', ['b', '2']]]]]);
    expect(await second.reply).toEqual([['s', [['2-0', ['b', '2']]]]]);
    const own = await client();
    expect(readable(await own.call('XREAD', 'BLOCK', '10', 'STREAMS', 's', '$'))).toBeNull();
    const third = await waiter(target, 'XREAD BLOCK 0 STREAMS new 5-5');
    await run('XADD new 5-5 a 1');
    await run('XADD new 5-6 a 1');
    expect(await third.reply).toEqual([['new', [['5-6', ['a', '1']]]]]);
    for (const one of [first.client, second.client, third.client, own]) one.close();
  });

  it('XREAD goes on waiting when its key is deleted or of another type', async () => {
    await run('XADD s 9-0 a 1');
    const waiting = await waiter(target, 'XREAD BLOCK 0 STREAMS s $');
    await run('DEL s');
    await run('SET s text');
    await run('DEL s');
    expect(await blocked(run)).toBe(1);
    await run('XADD s 9-1 b 2');
    expect(await waiting.reply).toEqual([['s', [['9-1', ['b', '2']]]]]);
    waiting.client.close();
  });

  it('XREAD waits for one of several streams, whatever becomes of the others', async () => {
    await run('XADD t 1-0 a 1');
    const waiting = await waiter(target, 'XREAD BLOCK 9223372036854775807 STREAMS t s $ 0');
    await run('DEL t');
    await run('SET t text');
    await run('XADD s 1-0 b 2');
    expect(await waiting.reply).toEqual([['s', [['1-0', ['b', '2']]]]]);
    waiting.client.close();
  });

  it('CLIENT UNBLOCK ends the wait of an XREAD', async () => {
    for (const [how, reply] of [
      ['TIMEOUT', null],
      ['ERROR', 'error: UNBLOCKED client unblocked via CLIENT UNBLOCK'],
    ]) {
      const own = await client();
      const id = Number(await own.call('CLIENT', 'ID'));
      const waiting = own.call('XREAD', 'BLOCK', '0', 'STREAMS', 's', '$').then(readable);
      while ((await blocked(run)) === 0) await pause();
      expect(await run(`CLIENT UNBLOCK ${id} ${how}`)).toBe(1);
      expect(await waiting).toBe(reply);
      own.close();
    }
  });

  it('XREADGROUP BLOCK serves consumers in order, one entry for one of them', async () => {
    await run('XGROUP CREATE s g $ MKSTREAM');
    const first = await waiter(target, 'XREADGROUP GROUP g alice BLOCK 0 STREAMS s >');
    const second = await waiter(target, 'XREADGROUP GROUP g bob BLOCK 0 STREAMS s >');
    await run('XADD s 1-0 a 1');
    expect(await first.reply).toEqual([['s', [['1-0', ['a', '1']]]]]);
    expect(await blocked(run)).toBe(1);
    await run('XADD s 2-0 a 1');
    expect(await second.reply).toEqual([['s', [['2-0', ['a', '1']]]]]);
    for (const one of [first, second]) one.client.close();
  });

  const GONE = 'error: UNBLOCKED the stream key no longer exists';
  it.each([
    ['DEL s', GONE],
    ['UNLINK s', GONE],
    ['SET s text', GONE],
    ['RENAME s t', GONE],
    ['MOVE s 5', GONE],
    ['PEXPIREAT s 1', GONE],
    ['FLUSHDB', GONE],
    ['FLUSHALL', GONE],
    ['SWAPDB 0 9', GONE],
    ['XGROUP DESTROY s g', 'error: NOGROUP the consumer group this client was blocked on no longer exists'],
    ['RENAME other s', 'error: NOGROUP the consumer group this client was blocked on no longer exists'],
  ])('XREADGROUP BLOCK ends with an error at %s', async (command, reply) => {
    await run('XGROUP CREATE s g $ MKSTREAM');
    await run('XADD other 1-0 a 1');
    const waiting = await waiter(target, 'XREADGROUP GROUP g alice BLOCK 0 STREAMS s >');
    await run(command);
    expect(await waiting.reply).toBe(reply);
    expect(await blocked(run)).toBe(0);
    waiting.client.close();
  });
});

describeOnOurs('stream commands of newer servers', [], (target) => {
  const { run, call } = target;
  const ids = async (key: string) => ((await run(`XRANGE ${key} - +`)) as [string][]).map(([id]) => id);

  async function fill(): Promise<void> {
    for (let i = 1; i <= 5; i++) await run(`XADD s ${i}-0 n ${i}`);
    await run('XGROUP CREATE s g 0');
    await run('XGROUP CREATE s h 0');
    await run('XREADGROUP GROUP g alice COUNT 4 STREAMS s >');
    await run('XREADGROUP GROUP h bob COUNT 3 STREAMS s >');
    await run('XACK s g 1-0 2-0');
    await run('XACK s h 1-0');
  }

  it('XDEL keeps what is pending, XDELEX says what becomes of it', async () => {
    await fill();
    expect(await run('XDELEX s ACKED IDS 6 1-0 2-0 3-0 4-0 5-0 9-9')).toEqual([1, 2, 2, 2, 2, -1]);
    expect(await run('XDELEX s DELREF IDS 1 3-0')).toEqual([1]);
    expect(((await run('XPENDING s g - + 10')) as [string][]).map(([id]) => id)).toEqual(['4-0']);
    expect(((await run('XPENDING s h - + 10')) as [string][]).map(([id]) => id)).toEqual(['2-0']);
    expect(await run('XDELEX s IDS 2 4-0 4-0')).toEqual([1, -1]);
    expect(((await run('XPENDING s g - + 10')) as [string][]).map(([id]) => id)).toEqual(['4-0']);
    expect(await ids('s')).toEqual(['2-0', '5-0']);
    expect(await run('XDELEX nothing IDS 2 1-1 2-2')).toEqual([-1, -1]);
  });

  it('XACKDEL acknowledges and removes', async () => {
    await fill();
    expect(await run('XACKDEL s g ACKED IDS 3 3-0 1-0 9-9')).toEqual([2, -1, -1]);
    expect(await run('XACKDEL s h ACKED IDS 2 3-0 2-0')).toEqual([1, 1]);
    expect(await run('XACKDEL s g KEEPREF IDS 1 4-0')).toEqual([1]);
    expect(await ids('s')).toEqual(['1-0', '5-0']);
    expect(await run('XACKDEL s nobody IDS 1 1-0')).toEqual([-1]);
  });

  it.each([
    ['XDELEX s IDS 0 1-1', 'error: ERR Number of IDs must be a positive integer'],
    ['XDELEX s IDS 3 1-1 2-2', 'error: ERR The `numids` parameter must match the number of arguments'],
    ['XDELEX s IDS 1 1-1 2-2', SYNTAX],
    ['XDELEX s KEEPREF DELREF IDS 1 1-1', SYNTAX],
    ['XDELEX s IDS 1 x', INVALID_ID],
    ['XACKDEL s g IDS abc 1-1', 'error: ERR Number of IDs must be a positive integer'],
  ])('%s', async (command, reply) => {
    expect(await run(command)).toBe(reply);
  });

  it('XADD and XTRIM trim with KEEPREF, DELREF and ACKED', async () => {
    await fill();
    expect(await run('XTRIM s MAXLEN 0 ACKED')).toBe(1);
    expect(await ids('s')).toEqual(['2-0', '3-0', '4-0', '5-0']);
    expect(await run('XTRIM s MINID 3-0 DELREF')).toBe(1);
    expect(((await run('XPENDING s h - + 10')) as [string][]).map(([id]) => id)).toEqual(['3-0']);
    expect(await run('XADD s DELREF MAXLEN 2 6-0 a 1')).toBe('6-0');
    expect(await ids('s')).toEqual(['5-0', '6-0']);
    expect(await run('XPENDING s g')).toEqual([0, null, null, null]);
    expect(await run('XADD s KEEPREF MAXLEN = 1 7-0 a 1')).toBe('7-0');
    expect(await ids('s')).toEqual(['7-0']);
  });

  it('names of groups and consumers have at most 1048512 bytes', async () => {
    const long = 'n'.repeat(1_048_513);
    const refused = 'error: ERR name is too long, a group or a consumer may have at most 1048512 bytes';
    await run('XADD s 1-0 a 1');
    expect(await call('XGROUP', 'CREATE', 's', long, '0')).toBe(refused);
    expect(await call('XGROUP', 'CREATE', 's', long.slice(1), '0')).toBe('OK');
    await run('XGROUP CREATE s g 0');
    expect(await call('XGROUP', 'CREATECONSUMER', 's', 'g', long)).toBe(refused);
    expect(await call('XREADGROUP', 'GROUP', 'g', long, 'STREAMS', 's', '>')).toBe(refused);
    expect(await call('XCLAIM', 's', 'g', long, '0', '1-0', 'FORCE')).toBe(refused);
    expect(await call('XAUTOCLAIM', 's', 'g', long, '0', '0')).toBe(refused);
    expect(await call('XREADGROUP', 'GROUP', 'g', long.slice(1), 'STREAMS', 's', '>')).toEqual([
      ['s', [['1-0', ['a', '1']]]],
    ]);
    expect(await run('COPY s t')).toBe(1);
    expect(await run('DEL s')).toBe(1);
  });

  it('XREAD + gives the last entry', async () => {
    await run('XADD s 1-0 a 1');
    await run('XADD s 2-0 b 2');
    await run('XADD s 3-0 c 3');
    await run('XDEL s 3-0');
    expect(await run('XREAD STREAMS s +')).toEqual([['s', [['2-0', ['b', '2']]]]]);
    expect(await run('XREAD STREAMS nothing +')).toBeNull();
  });

  it('XINFO CONSUMERS tells of inactive consumers, which XREADGROUP makes even when there is nothing', async () => {
    await run('XGROUP CREATE s g $ MKSTREAM');
    expect(await run('XREADGROUP GROUP g alice STREAMS s >')).toBeNull();
    expect(fields(((await run('XINFO CONSUMERS s g')) as unknown[])[0])).toMatchObject({
      name: 'alice',
      inactive: -1,
    });
    await run('XADD s 1-0 a 1');
    await run('XREADGROUP GROUP g alice STREAMS s >');
    expect(fields(((await run('XINFO CONSUMERS s g')) as unknown[])[0]).inactive).toBeGreaterThanOrEqual(0);
  });

  it('a waiting XREADGROUP is told what running it anew would say', async () => {
    await run('XGROUP CREATE s g $ MKSTREAM');
    const first = await waiter(target, 'XREADGROUP GROUP g alice BLOCK 0 STREAMS s >');
    await run('DEL s');
    expect(await first.reply).toBe(
      "error: NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option",
    );
    await run('XGROUP CREATE s g $ MKSTREAM');
    const second = await waiter(target, 'XREADGROUP GROUP g alice BLOCK 0 STREAMS s >');
    await run('SET s text');
    expect(await second.reply).toBe(WRONG_TYPE);
    for (const one of [first, second]) one.client.close();
  });

  it('DUMP and RESTORE take a stream with all that is in it', async () => {
    await fill();
    const own = await target.client();
    const dump = (await own.call('DUMP', 's')) as Buffer;
    expect(readable(await own.call('RESTORE', 't', '0', dump))).toBe('OK');
    expect(await run('XINFO STREAM t FULL')).toEqual(await run('XINFO STREAM s FULL'));
    for (let at = 0; at < dump.length - 10; at++) {
      const bad = Buffer.from(dump);
      bad[at] ^= 0x55;
      expect(String(readable(await own.call('RESTORE', 'u', '0', bad)))).toMatch(/^error: ERR DUMP payload/);
    }
    own.close();
  });

  it('RESTORE of corrupt payloads with a right checksum is refused, or gives a stream that can be read', async () => {
    await fill();
    for (let i = 0; i < 30; i++) await run(`XADD s ${6 + i}-${i} n ${i} other ${'x'.repeat(i)}`);
    await run('XREADGROUP GROUP g carol COUNT 9 STREAMS s >');
    const own = await target.client();
    await own.call('CONFIG', 'SET', 'rdbcompression', 'no');
    const dump = (await own.call('DUMP', 's')) as Buffer;
    const outcomes = new Set<string>();
    for (let i = 0; i < 3000; i++) {
      const bad = Buffer.from(dump);
      const at = 1 + ((i * 7919) % (dump.length - 11));
      bad[at] = (bad[at] + 1 + ((i * 31) % 255)) & 255;
      sign(bad);
      const outcome = String(readable(await own.call('RESTORE', 't', '0', bad, 'REPLACE')));
      outcomes.add(outcome);
      if (outcome !== 'OK') continue;
      await own.call('XINFO', 'STREAM', 't', 'FULL', 'COUNT', '0');
      await own.call('XREVRANGE', 't', '+', '-');
      await own.call('XTRIM', 't', 'MAXLEN', '7', 'DELREF');
      await own.call('XADD', 't', '*', 'a', 'b');
      await own.call('XREADGROUP', 'GROUP', 'g', 'dave', 'STREAMS', 't', '>');
      await own.call('XAUTOCLAIM', 't', 'g', 'dave', '0', '0');
      await own.call('XTRIM', 't', 'MAXLEN', '0');
    }
    expect([...outcomes].sort()).toEqual(['OK', 'error: ERR Bad data format']);
    expect(await run('PING')).toBe('PONG');
    own.close();
  });
});

/** Makes the checksum of a payload right. */
function sign(payload: Buffer): void {
  updateCrc64(0, 0, payload, 0, payload.length - 8);
  writeCrc64(crc64.hi, crc64.lo, payload, payload.length - 8);
}
