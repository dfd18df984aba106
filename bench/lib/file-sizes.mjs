/**
 * How large the files are that servers write for the same data: the snapshot and the base of an append only file, type by type, each in its small
 * form (packed) and its large one.
 *
 * The data comes from a generator with a fixed seed, so that every server gets the same commands: values that do not compress, numbers, and
 * text that does.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pipelineCommands } from './load.mjs';
import { connectResp, encodeCommand, readInfo } from './resp-client.mjs';

const LOOK_MS = 20;
const SEED = 20240607;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const WORDS = 'the quick brown fox jumps over a lazy dog and lorem ipsum dolor sit amet of to in for'.split(
  ' ',
);

/** A generator of numbers below 2^32: xorshift. */
function randomNumbers() {
  let state = SEED;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** @typedef {{ number: (max: number) => number, noise: (length: number) => string, text: (length: number) => string }} Chance */

/** @returns {Chance} */
function newChance() {
  const next = randomNumbers();
  const number = (/** @type {number} */ max) => next() % max;
  const noise = (/** @type {number} */ length) =>
    Array.from({ length }, () => ALPHABET[next() >>> 26]).join('');
  const text = (/** @type {number} */ length) => {
    let words = '';
    while (words.length < length) words += `${WORDS[number(WORDS.length)]} `;
    return words.slice(0, length);
  };
  return { number, noise, text };
}

/** @typedef {{ name: string, count: number, command: (index: number, chance: Chance) => (string | number)[] }} Sample */

/** `keys` collections, which get `each` elements by as many commands. */
function collections(
  /** @type {string} */ name,
  /** @type {number} */ keys,
  /** @type {number} */ each,
  /** @type {(key: string, element: number, chance: Chance) => (string | number)[]} */ command,
) {
  return {
    name: `${name} of ${each}`,
    count: keys * each,
    command: (/** @type {number} */ index, /** @type {Chance} */ chance) =>
      command(`key:${index % keys}`, Math.floor(index / keys), chance),
  };
}

/** @type {Sample[]} */
const SAMPLES = [
  { name: 'strings: 64 random', count: 50_000, command: (i, { noise }) => ['SET', `key:${i}`, noise(64)] },
  { name: 'strings: 64 equal', count: 50_000, command: (i) => ['SET', `key:${i}`, 'x'.repeat(64)] },
  { name: 'strings: 400 of text', count: 10_000, command: (i, { text }) => ['SET', `key:${i}`, text(400)] },
  {
    name: 'strings: integers',
    count: 50_000,
    command: (i, { number }) => ['SET', `key:${i}`, number(1 << (1 + (i % 31)))],
  },
  {
    name: 'strings that expire',
    count: 50_000,
    command: (i, { noise }) => ['SET', `key:${i}`, noise(10), 'EXAT', 4_000_000_000 + i],
  },
  collections('lists', 2000, 20, (key, _, { noise }) => ['RPUSH', key, noise(12)]),
  collections('lists', 2, 50_000, (key, _, { noise }) => ['RPUSH', key, noise(12)]),
  collections('lists of text,', 2, 5000, (key, _, { text }) => ['RPUSH', key, text(100)]),
  collections('sets of integers,', 2000, 50, (key, _, { number }) => ['SADD', key, number(1_000_000)]),
  collections('sets', 2000, 20, (key, _, { noise }) => ['SADD', key, noise(12)]),
  collections('sets', 2, 50_000, (key, _, { noise }) => ['SADD', key, noise(12)]),
  collections('hashes', 2000, 20, (key, i, { noise }) => ['HSET', key, `field:${i}`, noise(12)]),
  collections('hashes', 2, 50_000, (key, i, { noise }) => ['HSET', key, `field:${i}`, noise(12)]),
  collections('sorted sets', 2000, 20, (key, i, { noise }) => ['ZADD', key, i, noise(12)]),
  collections('sorted sets', 2, 50_000, (key, _, { noise, number }) => ['ZADD', key, number(1e9), noise(12)]),
  collections('streams', 100, 20, (key, i, { noise }) => [
    'XADD',
    key,
    `${1_700_000_000_000 + i}-0`,
    'f',
    noise(12),
  ]),
  collections('streams', 2, 25_000, (key, i, { noise }) => [
    ...['XADD', key, `${1_700_000_000_000 + i}-0`],
    ...['name', noise(12), 'value', i],
  ]),
];

/** @typedef {import('./servers.mjs').BenchServer} BenchServer */

/** The base of the append only file, made now; nothing is appended afterwards. */
async function baseBytes(
  /** @type {import('./resp-client.mjs').RespClient} */ client,
  /** @type {string} */ folder,
) {
  await client.call('CONFIG', 'SET', 'appendonly', 'yes');
  for (;;) {
    const info = await readInfo(client, 'persistence');
    if (info.get('aof_rewrite_in_progress') === '0' && info.get('aof_rewrite_scheduled') === '0') break;
    await sleep(LOOK_MS);
  }
  const files = join(folder, 'appendonlydir');
  const bases = readdirSync(files).filter((name) => name.endsWith('.base.rdb'));
  if (bases.length !== 1) throw new Error(`${bases.length} bases in ${files}`);
  const { size } = statSync(join(files, bases[0]));
  await client.call('CONFIG', 'SET', 'appendonly', 'no');
  return size;
}

/** @returns {Promise<{ snapshot: number, base: number }>} bytes of the files for this data */
async function filesOf(/** @type {BenchServer} */ { port }, /** @type {Sample} */ { count, command }) {
  const chance = newChance();
  const client = await connectResp(port);
  await client.call('FLUSHALL');
  await pipelineCommands(port, count, (index) => encodeCommand(...command(index, chance)));
  const folder = /** @type {string[]} */ (await client.call('CONFIG', 'GET', 'dir'))[1];
  await client.call('SAVE');
  const sizes = { snapshot: statSync(join(folder, 'dump.rdb')).size, base: await baseBytes(client, folder) };
  client.close();
  return sizes;
}

/**
 * @param {BenchServer[]} servers
 * @returns {Promise<{ data: string, files: { snapshot: number, base: number }[] }[]>} for each kind of data, in the order of the servers
 */
export async function compareFileSizes(servers) {
  const results = [];
  for (const sample of SAMPLES) {
    const files = [];
    for (const server of servers) files.push(await filesOf(server, sample));
    results.push({ data: sample.name, files });
  }
  return results;
}
