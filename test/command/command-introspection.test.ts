/**
 * COMMAND against the real server's: every command that both have must be described alike, in kind and value. What is
 * meant to differ is in EXCEPTIONS, with the reason.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/commands/all.ts';
import type { CommandDeclaration } from '../../src/commands/define.ts';
import { askTyped, field, type Typed } from './resp3.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

const TIMEOUT_MS = 60_000;

/** Where ours is described otherwise: the command, the field, and why. Each is a line of DIFFERENCES.md. */
const EXCEPTIONS: readonly [command: string, field: string, reason: string][] = [
  ['zrank', 'arity', 'WITHSCORE is checked by the handler'],
  ['zrevrank', 'arity', 'WITHSCORE is checked by the handler'],
];

const INFO_FIELDS = [
  'name',
  'arity',
  'flags',
  'first',
  'last',
  'step',
  'categories',
  'tips',
  'keys',
] as const;
/** Compared by presence and value; wording (summary, complexity, the text of history) is our own. */
const DOCS_FIELDS = ['since', 'group', 'arguments', 'deprecated_since', 'replaced_by', 'doc_flags'] as const;

interface Described {
  info: Record<string, Typed>;
  docs: Record<string, Typed | undefined>;
  history: Typed[];
}

let ours: RunningServer;
let real: RunningServer | null = null;
let our: Map<string, Described>;
let its: Map<string, Described>;

beforeAll(async () => {
  ours = await startThreadis(['--compat-version', '7.0']);
  our = await describeAll(ours.port);
  if (!oracleAvailable()) return;
  real = await startRedis();
  its = await describeAll(real.port);
}, TIMEOUT_MS);

afterAll(async () => {
  await Promise.all([ours?.stop(), real?.stop()]);
}, TIMEOUT_MS);

/** Every command and subcommand by its full name. */
async function describeAll(port: number): Promise<Map<string, Described>> {
  const [info, docs] = await askTyped(port, ['COMMAND'], ['COMMAND', 'DOCS']);
  const found = new Map<string, Described>();
  addInfo(arrayOf(info), found);
  addDocs(docs, found);
  return found;
}

function arrayOf(reply: Typed): Typed[] {
  if (reply !== null && typeof reply === 'object' && 'array' in reply) return reply.array;
  throw new Error(`not an array: ${JSON.stringify(reply).slice(0, 200)}`);
}

function setOf(reply: Typed | undefined): Typed[] {
  if (reply && typeof reply === 'object' && 'set' in reply) return reply.set;
  throw new Error(`not a set: ${JSON.stringify(reply).slice(0, 200)}`);
}

/** Subcommands are an array, and an empty set where there are none. */
function itemsOf(reply: Typed): Typed[] {
  const items = reply !== null && typeof reply === 'object' && 'set' in reply ? reply.set : arrayOf(reply);
  expect(reply).toEqual(items.length === 0 ? { set: [] } : { array: items });
  return items;
}

function addInfo(rows: Typed[], found: Map<string, Described>): void {
  for (const row of rows) {
    const values = arrayOf(row);
    expect(values.length).toBe(10);
    const info = Object.fromEntries(INFO_FIELDS.map((name, i) => [name, values[i]]));
    found.set(String(values[0]), { info, docs: {}, history: [] });
    addInfo(itemsOf(values[9]), found);
  }
}

function addDocs(docs: Typed, found: Map<string, Described>): void {
  for (const [name, doc] of (docs as { map: [string, Typed][] }).map) {
    const described = found.get(name)!;
    described.docs = Object.fromEntries(DOCS_FIELDS.map((key) => [key, field(doc, key)]));
    expect(field(doc, 'summary')).toBeTypeOf('string');
    const history = field(doc, 'history');
    if (history !== undefined)
      described.history = setOf(history)
        .map((row) => arrayOf(row)[0])
        .sort();
    const subcommands = field(doc, 'subcommands');
    if (subcommands !== undefined) addDocs(subcommands, found);
  }
}

/** The fields of both, without those that may differ. */
function comparable(name: string, described: Described): object {
  const { info, docs, history } = described;
  const all: Record<string, Typed | Typed[] | undefined> = { ...info, ...docs, history };
  for (const [command, key] of EXCEPTIONS) if (command === name) delete all[key];
  return all;
}

const declared = COMMANDS.flatMap((command) => [
  command.name.toLowerCase(),
  ...(command.subcommands ?? []).map((child) => `${command.name}|${child.name}`.toLowerCase()),
]);

describe('every command is described', () => {
  it('by COMMAND and COMMAND DOCS, and there is no other', () => {
    expect([...our.keys()].sort()).toEqual([...declared].sort());
  });

  describe.skipIf(!oracleAvailable())('as the real server describes it', () => {
    for (const name of declared) {
      it(name, () => {
        const theirs = its.get(name);
        if (theirs === undefined) expect(isNewer(name), `${name} is not in Redis 7.0`).toBe(true);
        else expect(comparable(name, our.get(name)!)).toEqual(comparable(name, theirs));
      });
    }

    it('every exception is one', () => {
      for (const [name, key] of EXCEPTIONS) {
        const all = (of: Described): Record<string, unknown> => ({
          ...of.info,
          ...of.docs,
          history: of.history,
        });
        expect(all(our.get(name)!)[key], `${name} ${key}`).not.toEqual(all(its.get(name)!)[key]);
      }
    });
  });
});

/** Whether the declaration says that the command came after Redis 7.0. */
function isNewer(name: string): boolean {
  const [top, child] = name.split('|');
  const command = COMMANDS.find((one) => one.name.toLowerCase() === top)!;
  const declaration: CommandDeclaration = child
    ? command.subcommands!.find((one) => one.name.toLowerCase() === child)!
    : command;
  return Boolean(declaration.origin ?? command.origin) || declaration.since >= '7.2.0';
}

/** Calls whose keys both servers are asked for. */
const KEY_CALLS = [
  'GET a',
  'SET a b',
  'SET a b GET',
  'SET a b EX 10 get',
  'SET a get',
  'MSET a 1 b 2 c 3',
  'MSET a 1 b',
  'MSETNX a 1 b 2',
  'MGET a b c',
  'GETSET a b',
  'LCS a b LEN',
  'DEL a',
  'DEL a b c',
  'UNLINK a b',
  'EXISTS a a',
  'RENAME a b',
  'COPY a b DB 1',
  'MOVE a 1',
  'TOUCH a b',
  'EXPIRE a 10 NX',
  'OBJECT ENCODING a',
  'OBJECT HELP',
  'OBJECT ENCODING',
  'OBJECT NOSUCH a',
  'MEMORY USAGE a SAMPLES 5',
  'CONFIG GET a',
  'PING a',
  'KEYS a',
  'GET',
  'GET a b',
  'NOSUCH a b',
  'DBSIZE x y',
  'COMMAND GETKEYS GET a',
];

describe.skipIf(!oracleAvailable())('answers are the real server’s', () => {
  const calls: string[] = [
    ...KEY_CALLS.flatMap((call) => [`COMMAND GETKEYS ${call}`, `COMMAND GETKEYSANDFLAGS ${call}`]),
    'COMMAND INFO nosuch get|nosuch config|nosuch config|get|x',
    'COMMAND INFO GeT CONFIG|GET',
    'COMMAND DOCS nosuch',
    'COMMAND LIST FILTERBY MODULE json',
    'COMMAND LIST FILTERBY ACLCAT nosuch',
    'COMMAND LIST FILTERBY PATTERN getex',
    'COMMAND LIST FILTERBY PATTERN config|res*',
    'COMMAND LIST FILTERBY PATTERN CONFIG|GET',
    'COMMAND LIST FILTERBY',
    'COMMAND LIST FILTERBY PATTERN',
    'COMMAND LIST FILTERBY PATTERN a b',
    'COMMAND LIST FILTERBY NOSUCH a',
    'COMMAND LIST nosuch',
    'COMMAND COUNT x',
    'COMMAND NOSUCH',
    'COMMAND GETKEYS',
    'COMMAND GETKEYS GET',
  ];
  for (const call of calls) {
    it(call, async () => {
      const [mine] = await askTyped(ours.port, call.split(' '));
      const [theirs] = await askTyped(real!.port, call.split(' '));
      expect(mine).toEqual(theirs);
    });
  }

  it('COMMAND LIST FILTERBY ACLCAT gives what both have of each category', async () => {
    for (const category of [
      'keyspace',
      'read',
      'write',
      'string',
      'admin',
      'fast',
      'slow',
      'dangerous',
      'connection',
    ]) {
      const call = ['COMMAND', 'LIST', 'FILTERBY', 'ACLCAT', category];
      const [mine] = await askTyped(ours.port, call);
      const [theirs] = await askTyped(real!.port, call);
      const common = (reply: Typed) =>
        arrayOf(reply)
          .filter((name) => our.has(String(name)) && its.has(String(name)))
          .sort();
      expect(common(mine), category).toEqual(common(theirs));
    }
  });
});

describe('ours alone', () => {
  it('COMMAND COUNT counts top-level commands, COMMAND LIST names subcommands too', async () => {
    const [count, list] = await askTyped(ours.port, ['COMMAND', 'COUNT'], ['COMMAND', 'LIST']);
    expect(count).toBe(COMMANDS.length);
    expect(setOf(list).length).toBe(declared.length);
  });

  it('RESP2 clients get arrays in place of sets and maps', async () => {
    const { ProtocolSocket } = await import('./protocol-socket.ts');
    const socket = await ProtocolSocket.open(ours.port);
    void socket.write('COMMAND INFO get\r\nCOMMAND DOCS get\r\nECHO done\r\n');
    const text = await socket.untilEnding('$4\r\ndone\r\n');
    socket.destroy();
    expect(text).not.toMatch(/(^|\r\n)[~%_]/);
    expect(
      text.startsWith('*1\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n*3\r\n'),
    ).toBe(true);
  });

  it(
    'compat-version 7.2 tells how arguments are displayed',
    async () => {
      const newer = await startThreadis();
      const [docs] = await askTyped(newer.port, ['COMMAND', 'DOCS', 'get']);
      await newer.stop();
      const [argument] = arrayOf(field(field(docs, 'get')!, 'arguments')!);
      expect(field(argument, 'display_text')).toBe('key');
    },
    TIMEOUT_MS,
  );

  it('COMMAND HELP names every subcommand', async () => {
    const [help] = await askTyped(ours.port, ['COMMAND', 'HELP']);
    const lines = arrayOf(help).join('\n');
    for (const child of COMMANDS.find((one) => one.name === 'COMMAND')!.subcommands!)
      expect(lines).toContain(`+${child.name}`);
  });
});
