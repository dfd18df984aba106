/**
 * Traces of a cache and their replay: each request is a GET, and a miss is followed by the SET that fills the cache. What a server's policy is
 * worth is how many of the GETs hit.
 *
 *   zipf     keys by Zipf's law, always the same ones
 *   scan     the same, and every fourth batch walks over keys that nobody asks for again
 *   window   keys from a window that moves on: what was popular is not any more
 *
 * The clock of LRU has seconds, in Redis as in ours, so a trace is replayed at a steady pace over several of them: replayed as fast as it goes,
 * almost all keys would have been used last in the same second.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectResp, encodeCommand, readInfo } from './resp-client.mjs';

export const TRACES = ['zipf', 'scan', 'window'];

const ZIPF_EXPONENT = 0.99;
const SCAN_EVERY = 4;
/** How far the window moves in all, in its own widths. */
const WINDOW_MOVES = 4;
/** Requests that fill the cache before hits are counted. */
const WARM_UP = 0.3;

/** @returns {() => number} uniform over [0, 1), the same for the same seed (mulberry32) */
function seededRandom(/** @type {number} */ seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** @returns {(random: () => number) => number} draws ranks 0 .. count - 1, low ones more often */
function zipf(/** @type {number} */ count) {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) sums[i] = sum += 1 / (i + 1) ** ZIPF_EXPONENT;
  return (random) => {
    const wanted = random() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/**
 * @typedef {object} TraceOptions
 * @property {number} keys how many different ones are asked for (but for those of the scan)
 * @property {number} requests
 * @property {number} batch requests that are sent together
 * @property {number} seed
 */

/** @returns {Int32Array} the numbers of the keys that are asked for, in order */
export function makeTrace(
  /** @type {string} */ name,
  /** @type {TraceOptions} */ { batch, keys, requests, seed },
) {
  const random = seededRandom(seed);
  const draw = zipf(keys);
  // Ranks are spread over the numbers, so that popularity has nothing to do with the order of numbers.
  const places = Int32Array.from({ length: keys }, (_, i) => i);
  for (let i = keys - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [places[i], places[j]] = [places[j], places[i]];
  }
  let scanned = keys;
  return Int32Array.from({ length: requests }, (_, i) => {
    if (name === 'scan' && Math.floor(i / batch) % SCAN_EVERY === 0) return scanned++;
    if (name !== 'window') return places[draw(random)];
    // A window of a quarter of the keys; within it, too, some are asked for more often.
    const width = keys / WINDOW_MOVES;
    const start = Math.floor((i / requests) * (keys - width));
    return start + (places[draw(random)] % width);
  });
}

const keyOf = (/** @type {number} */ number) => `key:${String(number).padStart(12, '0')}`;

/**
 * Lets the server hold `capacity` keys of this size and no more: what they take, it may take.
 * @param {number} port @param {{ capacity: number, valueBytes: number, policy: string }} options
 */
export async function limitToKeys(port, { capacity, policy, valueBytes }) {
  const client = await connectResp(port);
  await client.call('CONFIG', 'SET', 'maxmemory', 0);
  await client.call('FLUSHALL');
  const value = 'x'.repeat(valueBytes);
  for (let from = 0; from < capacity; from += 1000) {
    const count = Math.min(1000, capacity - from);
    const done = client.replies(count);
    client.write(
      Array.from({ length: count }, (_, i) => encodeCommand('SET', keyOf(from + i), value)).join(''),
    );
    await done;
  }
  const used = Number((await readInfo(client, 'memory')).get('used_memory'));
  await client.call('FLUSHALL');
  await client.call('CONFIG', 'SET', 'maxmemory-policy', policy);
  await client.call('CONFIG', 'SET', 'maxmemory', used);
  client.close();
}

/**
 * Replays the trace at `rate` requests a second.
 * @param {number} port @param {Int32Array} trace @param {{ batch: number, rate: number, valueBytes: number }} options
 * @returns {Promise<{ hitRate: number, keys: number }>} the hits after the warm-up, and how many keys were there at the end
 */
export async function replay(port, trace, { batch, rate, valueBytes }) {
  /** @type {unknown[]} */
  let replies = [];
  const client = await connectResp(port, (reply) => replies.push(reply));
  const value = 'x'.repeat(valueBytes);
  const countFrom = trace.length * WARM_UP;
  const startMs = performance.now();
  let hits = 0;
  let counted = 0;
  for (let from = 0; from < trace.length; from += batch) {
    const early = startMs + (from / rate) * 1000 - performance.now();
    if (early > 1) await sleep(early);
    const keys = Array.from(trace.subarray(from, from + batch), keyOf);
    replies = [];
    client.write(keys.map((key) => encodeCommand('GET', key)).join(''));
    while (replies.length < keys.length) await new Promise((resolve) => setImmediate(resolve));
    const missed = keys.filter((_, i) => replies[i] === null);
    if (from >= countFrom) {
      counted += keys.length;
      hits += keys.length - missed.length;
    }
    if (missed.length === 0) continue;
    const filled = client.replies(missed.length);
    client.write(missed.map((key) => encodeCommand('SET', key, value)).join(''));
    await filled;
  }
  const keys = Number(await client.call('DBSIZE'));
  client.close();
  return { hitRate: hits / counted, keys };
}
