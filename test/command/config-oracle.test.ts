/*
 * Our configuration against the one of a real redis-server, where one is on the PATH (else all of this is skipped).
 *
 * Nothing here talks to our own server: the pure modules are compared with what the real one answers. Four questions:
 *
 *   1. CONFIG GET * of the real server: does ours know every name, with the same default?
 *   2. CONFIG SET of bad and odd values: same reply, and the same CONFIG GET afterwards?
 *   3. Bad config files and command lines: same report on standard error, or the same values when they are accepted?
 *   4. CONFIG REWRITE of a set of files: same text? The real one writes new lines in no fixed order, so those are sorted.
 *
 * It compares under compat-version 7.0, because the real server that distributions carry is 7.0. What differs on purpose is listed
 * in DEFAULTS_THAT_DIFFER with the reason.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Config } from '../../src/config/config.ts';
import { DIRECTIVES } from '../../src/config/directives.ts';
import { nodeFiles } from '../../src/config/files.ts';
import { loadConfig, type Outcome } from '../../src/config/load.ts';
import { rewriteConfig } from '../../src/config/rewrite.ts';

const REAL = 'redis-server';
const VERSION = /v=(\S+)/.exec(spawnSync(REAL, ['--version'], { encoding: 'latin1' }).stdout ?? '')?.[1];
const isComparable = VERSION?.startsWith('7.0.') ?? false;
const PRODUCT = `Redis ${VERSION}`;

/** Defaults that are ours on purpose. */
const DEFAULTS_THAT_DIFFER: Record<string, string> = {
  'io-threads': 'one io thread per core but one, because io threads are what this server is made of',
};

/** Given to the real server at start, so that it can be reached and does not touch files. */
const GIVEN_AT_START = ['port', 'unixsocket', 'save', 'dir'];

// ---- a real server ---------------------------------------------------------------------------------------------------------

let root = '';
let running = 0;

interface RealServer {
  readonly child: ChildProcess;
  readonly directory: string;
  readonly socket: string;
}

function newDirectory(): string {
  const directory = join(root, String(running++));
  mkdirSync(directory);
  return directory;
}

/** Starts a real server in a directory of its own, on a unix socket only; resolves when it accepts. */
async function startReal(args: readonly string[], directory = newDirectory()): Promise<RealServer> {
  const socket = join(directory, 's');
  const child = spawn(REAL, [...args, '--port', '0', '--unixsocket', socket], {
    cwd: directory,
    stdio: 'ignore',
  });
  const server = { child, directory, socket };
  while (child.exitCode === null) {
    if (await call(server, ['PING']).catch(() => null)) return server;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${REAL} ${args.join(' ')} ended with ${child.exitCode}`);
}

async function stopReal(server: RealServer): Promise<void> {
  const ended = new Promise((resolve) => server.child.once('exit', resolve));
  server.child.kill('SIGKILL');
  await ended;
}

type Reply = string | Reply[];

/** One request on a connection of its own. An error is its text, a simple string too; all bytes as latin1. */
async function call(server: RealServer, words: readonly string[]): Promise<Reply> {
  const socket = connect(server.socket);
  const parts = words.map((word) => `$${Buffer.byteLength(word, 'latin1')}\r\n${word}\r\n`);
  socket.end(Buffer.from(`*${words.length}\r\n${parts.join('')}`, 'latin1'));
  let text = '';
  for await (const chunk of socket) text += (chunk as Buffer).toString('latin1');
  return readReply({ text, at: 0 });
}

function readReply(from: { text: string; at: number }): Reply {
  const end = from.text.indexOf('\r\n', from.at);
  const [kind, rest] = [from.text[from.at], from.text.slice(from.at + 1, end)];
  from.at = end + 2;
  if (kind === '*') return Array.from({ length: Number(rest) }, () => readReply(from));
  if (kind !== '$') return rest;
  from.at += Number(rest) + 2;
  return from.text.slice(from.at - Number(rest) - 2, from.at - 2);
}

async function realValues(server: RealServer, pattern = '*'): Promise<Map<string, string>> {
  return new Map(pairsOf((await call(server, ['CONFIG', 'GET', pattern])) as string[]));
}

function pairsOf(flat: readonly string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
}

/** Values of ours as the real server would have them, without what it was given to start. */
function comparable(values: Iterable<readonly [string, string]>): Map<string, string> {
  const left = [...values].filter(([name]) => !GIVEN_AT_START.slice(0, 2).includes(name));
  return new Map(
    left.filter(([name]) => !(name in DEFAULTS_THAT_DIFFER)).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function onlyRealNames(ours: Config, real: Map<string, string>): Map<string, string> {
  return comparable(ours.get(['*']).filter(([name]) => real.has(name)));
}

function loadOurs(argv: readonly string[], directory: string): Outcome {
  return loadConfig({
    argv,
    files: nodeFiles,
    surroundings: { directory, cores: 2, compat: '7.0' },
    product: PRODUCT,
    commandExists: (name) => ['get', 'set', 'config'].includes(name),
    canDaemonize: true,
  });
}

function oursUnder70(directory: string): Config {
  return new Config({ directory, cores: 2, compat: '7.0' });
}

// ---- the questions ---------------------------------------------------------------------------------------------------------

/** CONFIG SETs, applied one after the other to both; after each, the named directives are compared too. */
const SETTINGS: string[][] = [
  ['foo', 'bar'],
  ['maxmemory', 'foo'],
  ['maxmemory', '1', 'maxmemory', '2'],
  ['MAXMEMORY', '1', 'maxmemory', '2'],
  ['slave-priority', '1', 'replica-priority', '2'],
  ['slave-priority', 'x'],
  ['maxmemory', '1gb', 'foo', '2'],
  ['maxmemory', '1gb', 'daemonize', 'yes'],
  ['maxmemory', '1gb', 'maxmemory-policy', 'x'],
  ['daemonize', 'yes', 'foo', 'bar'],
  ['foo', 'bar', 'daemonize', 'yes'],
  ['maxmemory', '1', 'maxmemory', '2', 'foo', 'bar'],
  ['daemonize', 'yes', 'dir', '/x'],
  ['dir', '/x', 'daemonize', 'yes'],
  ['port', 'x', 'daemonize', 'yes'],
  ['maxmemory', 'x', 'hz', 'x'],
  ['daemonize', 'x'],
  ['dir', '/tmp'],
  ['dbfilename', 'x'],
  ['appendfilename', 'x'],
  ['slaveof', 'no one'],
  ['replicaof', 'x'],
  ['user', 'foo on'],
  ['include', 'x'],
  ['rename-command', 'a b'],
  ['loadmodule', 'x'],
  ['list-max-ziplist-entries', '1'],
  ['set-max-listpack-entries', '1'],
  [' maxmemory', '1'],
  ['x.y', 'z'],
  ['lua-enable-deprecated-api', 'yes'],
  ...[
    '1',
    '1 2 3',
    ' 100 1',
    '100  1',
    '+100 1',
    '100 +1',
    '0100 01',
    '100 1 ',
    '99999999999 99999999999',
  ].map((text) => ['save', text]),
  ...['100 -1', '-5 1', '99999999999999999999999 1', '0x10 1', 'a"b', ' ', '100 1 200 5', ''].map((text) => [
    'save',
    text,
  ]),
  ...['x', '65536', '-1', ''].map((text) => ['port', text]),
  ['bind', '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17'],
  ...[
    'normal 0 0 0',
    'normal 1mb 2mb 3 slave 4 5 6',
    'master 1mb 2mb 3',
    'normal -1 2mb 3',
    'NORMAL 1 2mb -3',
    'replica 1 2 3',
    '',
    'x',
    'normal 1 2',
    'normal  1 2 3',
    'normal 1 2 3 ',
    'normal 1kb 2 +3',
    'normal 1 2 3 normal 4 5 6',
    'normal mb 2 3',
    'normal 1 2 99999999999999',
    'normal 1 2 99999999999999999999999',
    'normal 1 2 3x',
    'SLAVE 1 2 3',
    'pubSUB 1gb 2k 3',
    'normal 1 2 3 master 1 2 3',
    "normal 1 2 '3'",
  ].map((text) => ['client-output-buffer-limit', text]),
  ...[
    'A',
    'K',
    'E',
    'KA',
    'Kg',
    'g$lshzxetd',
    'g$lshzxetdm',
    'mn',
    'KEn',
    'An',
    'AKEm',
    'AA',
    'eKl',
    'Q',
    '',
  ].map((text) => ['notify-keyspace-events', text]),
  ...['1 2', '1 2 3', '1 2 3 4', '1  2 3', '+1 2 3', '1 2 2001', 'x 2 3', '01 2 3', '800 200 0'].map(
    (text) => ['oom-score-adj-values', text],
  ),
  ...[
    '50 99.99 100 0.1 0.123456789',
    'a',
    '50 a',
    'nan',
    '1e1 5',
    '0x10 5.',
    '1e400',
    'inf',
    '-1',
    '0.0000001',
  ].map((text) => ['latency-tracking-info-percentiles', text]),
  ...['33.3333333333', '100.0', '1_0', ' 5', '5 ', '+5', '0x1p3', '.5', '-0', '50  99', ''].map((text) => [
    'latency-tracking-info-percentiles',
    text,
  ]),
  ...['nosave now', 'default now', 'default', '', 'save nosave', 'force now', 'FORCE', 'x'].map((text) => [
    'shutdown-on-sigint',
    text,
  ]),
  ...['1000', '0', '10', '-1', '2147483648'].map((text) => ['hz', text]),
  ...[
    '1000gb',
    '18446744073709551616',
    '99999999999gb',
    '',
    'mb',
    '1 mb',
    ' 1gb',
    '+1gb',
    '0x10',
    '1mbx',
    '-1',
  ].map((text) => ['maxmemory', text]),
  ...['1GB', '5Kb', '1000000000tb', '5t', '0'].map((text) => ['maxmemory', text]),
  ...[
    '5%',
    '0%',
    '-5%',
    '100mb',
    '18446744073709551615',
    '9223372036854775808',
    '%',
    '+5%',
    '5 %',
    '101%',
    '0',
  ].map((text) => ['maxmemory-clients', text]),
  ...[
    ' 5',
    '+5',
    '05',
    '-0',
    '',
    '1.5',
    '9223372036854775808',
    '-9223372036854775809',
    '2147483648',
    '7',
  ].map((text) => ['timeout', text]),
  ['list-max-listpack-size', '-2147483649'],
  ['list-max-listpack-size', '-2147483648'],
  ['stream-node-max-bytes', '9223372036854775808'],
  ['stream-node-max-bytes', '9223372036854775807'],
  ['repl-backlog-size', '1'],
  ['proto-max-bulk-len', '1'],
  ['proto-max-bulk-len', '18446744073709551615'],
  ['client-query-buffer-limit', '18446744073709551615'],
  ['slowlog-log-slower-than', '-2'],
  ['slowlog-max-len', '-1'],
  ['maxclients', '-1'],
  ['maxclients', '0'],
  ['maxmemory-samples', '0'],
  ['repl-timeout', '0'],
  ['appendonly', 'x'],
  ['oom-score-adj', 'relative'],
  ['oom-score-adj', 'x'],
  ['maxmemory-policy', 'ALLKEYS-LRU'],
  ['loglevel', 'nothing'],
  ['loglevel', 'debug verbose'],
  ['loglevel', ''],
  ['cluster-announce-hostname', 'a b'],
  ['cluster-announce-hostname', 'a'.repeat(256)],
  ['cluster-announce-hostname', 'a'.repeat(255)],
  ...[
    '{title}',
    'a{title}b {listen-addr} {port} {tls-port} {unixsocket} {config-file}',
    '{',
    '}',
    'a}',
    '{title',
  ].map((text) => ['proc-title-template', text]),
  ...['{{title}}', 'a  b', '{Title}', '"x"', ' ', '', '{x}', '{{', '{}', '{{{title}}}'].map((text) => [
    'proc-title-template',
    text,
  ]),
  ['masterauth', 'a\nb\xff\x00c'],
  ['masterauth', ''],
  ['lua-time-limit', '100', 'busy-reply-threshold', '200'],
  ...[
    'cluster-preferred-endpoint-type',
    'acl-pubsub-default',
    'repl-diskless-load',
    'appendfsync',
    'propagation-error-behavior',
    'tls-auth-clients',
    'sanitize-dump-payload',
    'enable-debug-command',
    'supervised',
  ].map((name) => [name, 'x']),
];

/** Config files, as text, that are wrong or odd. */
const FILES: string[] = [
  'foo bar',
  'foo',
  'port',
  'port 1 2',
  'port abc',
  'port 99999',
  'maxmemory foo',
  'maxmemory 10%',
  'maxmemory-clients 101%',
  'unixsocketperm 9',
  'unixsocketperm 1000',
  'unixsocketperm -1',
  'unixsocketperm 0o7',
  'daemonize maybe',
  'loglevel loud',
  'loglevel "debug',
  'loglevel "debug"x',
  "loglevel 'debug",
  'requirepass a"b',
  'requirepass a"b" c',
  'requirepass "a\\nb" x',
  '\t loglevel\tx  # trailing',
  'port 0\r\nloglevel x\r\n',
  '"" x',
  '""',
  'save 1',
  'save 0 1',
  'save "" 3',
  'save 3600 1 foo',
  'bind a b c d e f g h i j k l m n o p q',
  'client-output-buffer-limit normal 0 0',
  'client-output-buffer-limit ""',
  'client-output-buffer-limit foo 0 0 0',
  'oom-score-adj-values "1 2" 3',
  'notify-keyspace-events K E',
  'dir /nonexistent',
  'dir ""',
  'dir /a /b',
  'replicaof a',
  'replicaof a b',
  'slaveof a 70000',
  'replicaof a 5x',
  'cluster-enabled yes\nreplicaof a 1',
  'rename-command foo bar',
  'rename-command get set',
  'rename-command get',
  'rename-command get ""\nrename-command get x',
  'rename-command get xx\nrename-command xx yy\nrename-command yy xx\nrename-command get a',
  'user',
  'user foo on\nuser foo off',
  'include',
  'include a b',
  'include {dir}/bad.conf',
  'include {dir}/b*.conf',
  'include {dir}/none*.conf\nport x',
  'loadmodule',
  'latency-tracking-info-percentiles 101',
  'shutdown-on-sigint save nosave',
  'shutdown-on-sigint ""',
  'proc-title-template {title}',
  'dbfilename a/b',
  'appendfilename ""',
  'appenddirname ""',
  'appenddirname a/b',
  'cluster-announce-hostname a_b',
  'sentinel monitor a b 1 1',
  'hz 0\nhz 1000\nhz -1',
  'syslog-facility x',
  'supervised x',
  'enable-protected-configs x',
  'list-max-ziplist-value',
  'list-max-ziplist-value 5\nlua-replicate-commands yes\nport x',
  'set-max-listpack-nothing 5',
  'socket-mark-id -1',
  'requirepass',
  '# only\n\n   \nport x',
  'port 0\x00junk\nloglevel x\n',
];

/** Config files that are accepted, with the words after them on the command line. */
const ACCEPTED: [file: string, argv: string[]][] = [
  ['save 60 1\nsave ""', []],
  ['save 60 1\nsave', []],
  ['save', []],
  ['save ""\nsave 60 1\nsave 70 2 80 3', []],
  ['save "1   2"', []],
  ['save 60 1', ['--save', '5', '6']],
  ['save 60 1', ['--save', '']],
  ['', ['--save', '--timeout', '5']],
  ['', ['--save', '--save', '--timeout', '5']],
  ['', ['--timeout', '5', '--save']],
  ['', ['--timeout', '5', '--', 'loglevel', 'debug']],
  ['', ['--masterauth', '--foo', '--timeout', '7']],
  ['loglevel de"bug"', []],
  ['', ['--masterauth', 'a"b\\c\nd']],
  ['', ['--save', '3600 1', '--timeout 8']],
  ['', ['--maxmemory 700mb', '--maxmemory-policy volatile-lru', '--timeout 8']],
  ['', ['--proc-title-template --my--title', '--loglevel verbose']],
  ['', ['loglevel', 'verbose', "--maxmemory '700mb'", "--maxmemory-policy 'volatile-lru'"]],
  ['', ['--masterauth "a b"', '--timeout', '9']],
  ['maxmemory 1gb', ['maxmemory', '2gb']],
  ['hz 1000\nrepl-backlog-size 1', []],
  ['client-output-buffer-limit slave 1 2 3 normal 5 6 7', []],
  ['MaxMemory 100MB\n  lua-time-limit 7\nslave-priority 3', []],
  ['shutdown-on-sigint default now', []],
  ['notify-keyspace-events An', []],
  ['masterauth "a\\x41\\"\\qb"', []],
  ["masterauth 'a\\x41\\'b'", []],
  ['maxmemory 18446744073709551616\nmaxmemory-clients 5%', []],
  ['oom-score-adj-values "1 2 3"\noom-score-adj relative', []],
  ['bind', []],
  ['include {dir}/good.conf\ntimeout 3', []],
  ['timeout 3\ninclude {dir}/go*.conf', []],
];

/** Command lines without a file that are wrong. */
const ARGV: string[][] = [
  ['--port', '0', '--foo', 'bar'],
  ['--port'],
  ['--port', '--save'],
  ['--save', '--port', 'x'],
  ['--save', '--save', '--port', 'x'],
  ['--save', '', '--port', 'x'],
  ['--save', '', '1', '--port', 'x'],
  ['--port', '0', '--SAVE', '--port', 'x'],
  ['--port', '0', '--save', '3600 1', '60 10'],
  ['--port', '0', '--loglevel', 'verbose x'],
  ['--port', '0', 'x', 'y'],
  ['--port', '0', '--', 'loglevel', 'debugx'],
  ['--port', '0', '--loglevel', 'debug', '--', '--loglevel', 'x'],
  ['--port', '0', '-', '--loglevel', 'x'],
  ['--replicaof', '--port', 'x'],
  ['--loglevel', '--port', 'x'],
  ['---foo', '1'],
  ['--requirepass', 'a"b\\c\nd', 'x'],
  ['--requirepass', '\u0001\t\u00e9', 'x'],
  ['', '--port', 'x'],
  ['-x'],
  ['--port', '0', '-h'],
  ['--port', '0', '--version'],
  ['--appendonly'],
  ['--shutdown-on-sigint', 'nosave', '--shutdown-on-sigint'],
];

/** Files to rewrite, with CONFIG SETs before. */
const REWRITES: [file: string, ...settings: string[][]][] = [
  [''],
  ['timeout 5', ['timeout', '0']],
  ['maxmemory 100mb\n', ['maxmemory', '104857601']],
  ['# c\nmaxmemory 100mb\nmaxmemory 200mb\n# Generated by CONFIG REWRITE\nhz 10\n', ['maxmemory', '0']],
  ['slave-priority 5\nlua-time-limit 10\n', ['replica-priority', '6']],
  ['slave-priority 100\nreplica-priority 5\n'],
  ['include good.conf\nrename-command get getx\nlist-max-ziplist-value 5\n', ['timeout', '7']],
  ['save 1 2\nsave 3 4\nsave 5 6\n# x\nsave 7 8\n', ['save', '9 10']],
  ['save 1 2 3 4\n', ['save', '']],
  ['timeout 0\n', ['latency-tracking-info-percentiles', ''], ['notify-keyspace-events', 'KEA']],
  ['\n\n  # indented\n\t hz 20\nhz   30\n\n\n\n# x\r\n\n\nbind * -::*\ntimeout "5"\n'],
  ['client-output-buffer-limit slave 1 2 3\nclient-output-buffer-limit replica 1 2 4\nhz 10\n'],
  ['client-output-buffer-limit slave 1 2 3 normal 5 6 7\n', ['timeout', '3']],
  ['client-output-buffer-limit normal 0 0 0\nsave 3600 1\nsave 300 100\nsave 60 10000\n'],
  ['masterauth "z y"\nmasteruser x\nlogfile ""\naclfile ""\n', ['masteruser', ''], ['loglevel', 'warning']],
  ['INCLUDE g*.conf\nTimeout 7\nTIMEOUT 8\n"timeout" 7\n'],
  ['shutdown-on-sigint now force\nmaxmemory-clients 5%\nmaxmemory-policy allkeys-lru\ndir .\n'],
  ['unixsocketperm 700\nproc-title-template "{title} x"\n', ['shutdown-on-sigint', 'default']],
  ['latency-tracking-info-percentiles 5 6.5\nrepl-backlog-size 3mb\nclient-query-buffer-limit 1500000\n'],
  ['proto-max-bulk-len 2gb\nmaxmemory 1k\noom-score-adj relative\n', ['oom-score-adj-values', '1 2 3']],
  ['replicaof no one\nrequirepass ""\nnotify-keyspace-events ""\noom-score-adj-values 0 200 800\n'],
  ['timeout 5\n# Generated by CONFIG REWRITE\n\n\nsave 5 6\n', ['hz', '20']],
  ['masterauth "a\\x00b\\"c\\xff"\n', ['cluster-announce-ip', 'a b']],
];

/** The lines of a rewritten file; those after the signature in sorted order, and without the real server's users. */
function rewritten(text: string): string[] {
  const lines = text.split('\n');
  const at = lines.indexOf('# Generated by CONFIG REWRITE');
  const isOwn = (line: string): boolean => /^(user default|unixsocket "|port 0)/.test(line);
  return [...lines.slice(0, at + 1), ...lines.slice(at + 1).sort()].filter((line) => !isOwn(line));
}

function fileWith(text: string): { directory: string; path: string } {
  const directory = newDirectory();
  writeFileSync(join(directory, 'bad.conf'), 'timeout 1\nloglevel x\n');
  writeFileSync(join(directory, 'good.conf'), 'timeout 9\nhz 20\n');
  const path = join(directory, 'r.conf');
  writeFileSync(path, text.replaceAll('{dir}', directory), 'latin1');
  return { directory, path };
}

/** The report of the real server for a start that fails. */
function realReport(argv: readonly string[], cwd: string): string {
  return spawnSync(REAL, argv, { cwd, encoding: 'latin1', timeout: 5000 }).stderr;
}

function ourReport(argv: readonly string[], directory: string): string {
  const outcome = loadOurs(argv, directory);
  return outcome.kind === 'failed' ? (outcome.report ?? `log: ${outcome.log}`) : outcome.kind;
}

function running70(argv: readonly string[], directory: string): Config {
  const outcome = loadOurs(argv, directory);
  if (outcome.kind !== 'run') throw new Error(JSON.stringify(outcome));
  return outcome.config;
}

describe.skipIf(!isComparable)(`configuration beside ${PRODUCT}`, () => {
  let plain: RealServer;

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'config-oracle-'));
    plain = await startReal(['--save', '']);
  });

  afterAll(async () => {
    await stopReal(plain);
    rmSync(root, { recursive: true });
  });

  it('knows every directive of the real server, with its default', async () => {
    const real = await realValues(plain);
    const ours = oursUnder70(plain.directory);
    ours.assign('save', '');
    expect(onlyRealNames(ours, real)).toEqual(comparable(real));
  });

  it('shows no directive under 7.0 that the real server has not', async () => {
    const real = await realValues(plain);
    const more = oursUnder70('/')
      .get(['*'])
      .map(([name]) => name);
    expect(more.filter((name) => !real.has(name))).toEqual([]);
  });

  it('hides what the real server hides', async () => {
    const ours = oursUnder70('/');
    for (const { name } of DIRECTIVES.filter((row) => row.hidden === true)) {
      expect((await realValues(plain, name)).get(name)).toBe(ours.get([name])[0][1]);
    }
  });

  it('answers CONFIG SET as the real server does, and has the same values afterwards', async () => {
    const ours = oursUnder70(plain.directory);
    ours.assign('save', '');
    for (const words of SETTINGS) {
      const pairs = pairsOf(words);
      const real = await call(plain, ['CONFIG', 'SET', ...words]);
      expect([words, ours.set(pairs) ?? 'OK']).toEqual([words, real]);
      const names = words.filter((name, i) => i % 2 === 0 && name !== 'port');
      const shown = pairsOf((await call(plain, ['CONFIG', 'GET', ...names, 'hz'])) as string[]);
      expect([words, new Map(ours.get([...names, 'hz']))]).toEqual([words, new Map(shown)]);
    }
  }, 30_000);

  it.each(FILES)('reports a wrong file as the real server does: %j', (text) => {
    const { directory, path } = fileWith(text);
    expect(ourReport([path], directory)).toBe(realReport([path], directory));
  });

  it.each(ARGV.map((argv) => [argv]))('reports a wrong command line as the real server does: %j', (argv) => {
    const directory = newDirectory();
    expect(ourReport(argv, directory)).toBe(realReport(argv, directory));
  });

  it.each(ACCEPTED)('reads a file and a command line as the real server does: %j %j', async (text, argv) => {
    const { directory, path } = fileWith(text);
    const server = await startReal([path, ...argv], directory);
    const real = await realValues(server).finally(() => stopReal(server));
    const ours = running70([path, ...argv], directory);
    expect(onlyRealNames(ours, real)).toEqual(comparable(real));
  });

  it.each(REWRITES)('rewrites a file as the real server does: %j', async (text, ...settings) => {
    const { directory, path } = fileWith(text);
    const ours = running70([path], directory);
    const server = await startReal([path], directory);
    for (const [name, value] of settings) {
      expect([name, ours.set([[name, value]]) ?? 'OK']).toEqual([
        name,
        await call(server, ['CONFIG', 'SET', name, value]),
      ]);
    }
    const reply = await call(server, ['CONFIG', 'REWRITE']).finally(() => stopReal(server));
    expect(reply).toBe('OK');
    const mine = rewriteConfig(text.replaceAll('{dir}', directory), ours);
    expect(rewritten(mine)).toEqual(rewritten(readFileSync(path, 'latin1')));
  });
});
