/*
 * The kinds of value that one directive alone has: save points, addresses, output buffer limits, event classes and so on.
 *
 * Each is kept as the text that CONFIG GET prints, because that is what travels to other threads and what CONFIG SET takes
 * back. The functions at the foot of the file turn those texts into data for the consumers.
 *
 *   save                         '3600 1 300 100'             pairs; '' is never
 *   bind                         '* -::*'                     '' is every address
 *   client-output-buffer-limit   'normal 0 0 0 slave ... pubsub ...'   hard and soft limit in bytes, seconds above the soft one
 *   oom-score-adj-values         '0 200 800'
 *   notify-keyspace-events       'AKE'                        in the order of EVENT_CLASSES, all of the 'A' ones as 'A'
 *   replicaof                    '10.0.0.1 6379'              '' is a master
 *   latency-tracking-info-percentiles   '50 99 99.9'          at most six decimals
 *
 * Numbers inside are read as C's strtoll does (spaces and a sign may lead, huge ones stick at the limit), and some are then cut
 * to 32 bits, as on the real server: 'save 5 99999999999' gives '5 1215752191'.
 */

import { posix } from 'node:path';

import type { ParseContext, Parsed, RewriteLine, Value, ValueType } from './directive.ts';
import { formatAmount, LONG_MAX, parseAmount, wrongArgumentCount } from './value-types.ts';
import { quoteWord } from './words.ts';

const BIND_ADDRESSES_MAX = 16;
const OOM_SCORE_MAX = 2000n;

/** As strtoll does when all of the text must be used; null when it is no number. */
function parseLong(text: string): bigint | null {
  if (text === '') return 0n;
  if (!/^\s*[+-]?[0-9]+$/.test(text)) return null;
  const number = BigInt(text.trim().replace(/^\+/, ''));
  if (number > LONG_MAX) return LONG_MAX;
  return number < -LONG_MAX - 1n ? -LONG_MAX - 1n : number;
}

/** Splits a kept text into its words; '' has none. */
function wordsOf(value: Value): string[] {
  return value === '' ? [] : (value as string).split(' ');
}

function asText(value: Value): string {
  return value as string;
}

/** `name word word` or, with no words at all, `name ""`, so that the default does not come back. */
function wordsLine(name: string, value: Value, force: boolean): RewriteLine[] {
  return [{ text: `${name} ${value === '' ? '""' : asText(value)}`, force }];
}

// ---- save ------------------------------------------------------------------------------------------------------------------

function parseSave(words: readonly string[], context: ParseContext): Parsed {
  if (words.length === 1 && words[0] === '') return { value: '' };
  const points: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const number = parseLong(words[i]);
    if (number === null || number < (i % 2 === 0 ? 1n : 0n)) return { error: 'Invalid save parameters' };
    points.push(String(i % 2 === 0 ? number : BigInt.asIntN(32, number)));
  }
  if (points.length % 2 !== 0) return { error: 'Invalid save parameters' };
  const before = context.starting && context.seen ? wordsOf(context.current) : [];
  return { value: [...before, ...points].join(' ') };
}

/** One line per save point, always there, because the default comes back where there is none. */
function saveLines(name: string, value: Value): RewriteLine[] {
  if (value === '') return wordsLine(name, value, true);
  return savePoints(asText(value)).map(([seconds, changes]) => ({
    text: `${name} ${seconds} ${changes}`,
    force: true,
  }));
}

export const savePointsType: ValueType = {
  manyWords: true,
  parse: parseSave,
  format: asText,
  lines: saveLines,
};

// ---- bind ------------------------------------------------------------------------------------------------------------------

export const bindAddresses: ValueType = {
  manyWords: true,
  parse: (words) => {
    if (words.length > BIND_ADDRESSES_MAX) return { error: 'Too many bind addresses specified.' };
    return { value: words.join(' ') };
  },
  format: asText,
  lines: (name, value, initial) => (value === initial ? [] : wordsLine(name, value, true)),
};

// ---- client-output-buffer-limit --------------------------------------------------------------------------------------------

const CLIENT_CLASSES = ['normal', 'slave', 'pubsub'] as const;
const LIMIT_WORDS = 4;

type LimitWords = Record<string, string>;

function limitsByClass(value: Value): LimitWords {
  const words = wordsOf(value);
  const limits: LimitWords = {};
  for (let i = 0; i < words.length; i += LIMIT_WORDS) {
    limits[words[i]] = words.slice(i + 1, i + LIMIT_WORDS).join(' ');
  }
  return limits;
}

function clientClass(word: string): string | null {
  const lower = word.toLowerCase();
  if (lower === 'replica') return 'slave';
  return (CLIENT_CLASSES as readonly string[]).includes(lower) ? lower : null;
}

function parseLimit(words: readonly string[]): string | null {
  const hard = parseAmount(words[0]);
  const soft = parseAmount(words[1]);
  const seconds = parseLong(words[2]);
  if (hard === null || soft === null || seconds === null) return null;
  const held = BigInt.asIntN(32, seconds);
  return held < 0n ? null : `${hard} ${soft} ${held}`;
}

function parseLimits(words: readonly string[], context: ParseContext): Parsed {
  if (words.length % LIMIT_WORDS !== 0) {
    return { error: 'Wrong number of arguments in buffer limit configuration.' };
  }
  const limits = limitsByClass(context.current);
  for (let i = 0; i < words.length; i += LIMIT_WORDS) {
    const name = clientClass(words[i]);
    if (name === null) return { error: 'Invalid client class specified in buffer limit configuration.' };
    const limit = parseLimit(words.slice(i + 1, i + LIMIT_WORDS));
    if (limit === null) {
      return { error: 'Error in hard, soft or soft_seconds setting in buffer limit configuration.' };
    }
    limits[name] = limit;
  }
  return { value: CLIENT_CLASSES.map((name) => `${name} ${limits[name]}`).join(' ') };
}

function limitLines(name: string, value: Value, initial: Value): RewriteLine[] {
  const usual = limitsByClass(initial);
  return Object.entries(limitsByClass(value)).map(([of, limit]) => {
    const [hard, soft, seconds] = limit.split(' ');
    const amounts = `${formatAmount(BigInt(hard))} ${formatAmount(BigInt(soft))}`;
    return {
      text: `${name} ${of === 'slave' ? 'replica' : of} ${amounts} ${seconds}`,
      force: limit !== usual[of],
    };
  });
}

export const bufferLimits: ValueType = {
  manyWords: true,
  parse: parseLimits,
  format: asText,
  lines: limitLines,
};

// ---- oom-score-adj-values --------------------------------------------------------------------------------------------------

export const oomScores: ValueType = {
  manyWords: true,
  parse: (words) => {
    if (words.length !== 3) return wrongArgumentCount();
    const scores = words.map(parseLong);
    if (scores.some((score) => score === null || score < -OOM_SCORE_MAX || score > OOM_SCORE_MAX)) {
      return { error: 'Invalid oom-score-adj-values, elements must be between -2000 and 2000.' };
    }
    return { value: scores.join(' ') };
  },
  format: asText,
  lines: (name, value, initial) => wordsLine(name, value, value !== initial),
};

// ---- notify-keyspace-events ------------------------------------------------------------------------------------------------

/** Every class in the order of CONFIG GET. 'A' stands for those before the bar. */
const CLASSES_IN_A = 'g$lshzxetd';
const CLASSES_BESIDE_A = 'KEm';
const CLASS_NEW_KEY = 'n';

function parseEventClasses(text: string): string | null {
  const asked = new Set(text.replaceAll('A', CLASSES_IN_A));
  const known = CLASSES_IN_A + CLASSES_BESIDE_A + CLASS_NEW_KEY;
  if ([...asked].some((letter) => !known.includes(letter))) return null;
  const wanted = (letters: string): string => [...letters].filter((letter) => asked.has(letter)).join('');
  const inA = wanted(CLASSES_IN_A);
  // A quirk of the real server: beside a full 'A' the 'n' is not shown, though it is kept. Kept here as 'A' and 'n' too, and
  // left out by formatEventClasses.
  return (inA === CLASSES_IN_A ? 'A' : inA) + wanted(CLASS_NEW_KEY) + wanted(CLASSES_BESIDE_A);
}

function formatEventClasses(value: Value): string {
  return asText(value).replace(/^An/, 'A');
}

export const eventClasses: ValueType = {
  manyWords: false,
  parse: (words) => {
    if (words.length !== 1) return wrongArgumentCount();
    const classes = parseEventClasses(words[0]);
    if (classes === null) return { error: "Invalid event class character. Use 'Ag$lshzxeKEtmdn'." };
    return { value: classes };
  },
  format: formatEventClasses,
  lines: (name, value, initial) => [
    { text: `${name} ${quoteWord(formatEventClasses(value))}`, force: value !== initial },
  ],
};

// ---- dir, replicaof --------------------------------------------------------------------------------------------------------

/**
 * The working directory, absolute; a relative one starts from the one before. Whether it can be entered is for whoever applies
 * it: the loader asks its ConfigFiles, CONFIG SET the thread that owns the disk.
 */
export const workingDirectory: ValueType = {
  manyWords: false,
  parse: (words, context) => {
    if (words.length !== 1) return wrongArgumentCount();
    if (words[0] === '') return { error: 'No such file or directory' };
    return { value: posix.resolve(asText(context.current), words[0]) };
  },
  format: asText,
  lines: (name, value) => [{ text: `${name} ${quoteWord(asText(value))}`, force: true }],
};

export const masterAddress: ValueType = {
  manyWords: true,
  parse: (words) => {
    if (words.length !== 2) return wrongArgumentCount();
    if (words[0].toLowerCase() === 'no' && words[1].toLowerCase() === 'one') return { value: '' };
    const port = parseLong(words[1]);
    if (port === null || port < 0n || port > 65535n) return { error: 'Invalid master port' };
    return { value: `${words[0]} ${port}` };
  },
  format: asText,
  lines: (name, value) => (value === '' ? [] : wordsLine(name, value, true)),
};

// ---- latency-tracking-info-percentiles -------------------------------------------------------------------------------------

/** As strtod reads it when all of the text must be used, without leading space; null when it is no number. */
function parseDouble(text: string): number | null {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^[+-]?0x/i.test(text)) return parseHexDouble(text);
  if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(text)) return null;
  const number = Number(text);
  return Number.isFinite(number) ? number : null;
}

function parseHexDouble(text: string): number | null {
  const match = /^([+-]?)0x([0-9a-f]*)\.?([0-9a-f]*)(?:p([+-]?[0-9]+))?$/i.exec(text);
  if (match === null || match[2] + match[3] === '') return null;
  const mantissa = Number.parseInt(match[2] + match[3], 16);
  const number = mantissa * 2 ** (Number(match[4] ?? 0) - 4 * match[3].length);
  return match[1] === '-' ? -number : number;
}

/** Six decimals, without the zeros at the end. */
function formatPercentile(percentile: number): string {
  const text = percentile.toFixed(6).replace(/\.?0+$/, '');
  return Object.is(percentile, -0) ? `-${text}` : text;
}

export const percentiles: ValueType = {
  manyWords: true,
  parse: (words) => {
    const shown: string[] = [];
    for (const word of words.length === 1 && words[0] === '' ? [] : words) {
      const percentile = parseDouble(word);
      if (percentile === null) return { error: 'Invalid latency-tracking-info-percentiles parameters' };
      if (percentile < 0 || percentile > 100) {
        return { error: 'latency-tracking-info-percentiles parameters should sit between [0.0,100.0]' };
      }
      shown.push(formatPercentile(percentile));
    }
    return { value: shown.join(' ') };
  },
  format: asText,
  lines: (name, value) => wordsLine(name, value, true),
};

// ---- the kept texts as data ------------------------------------------------------------------------------------------------

/** [seconds, changes] pairs. */
export function savePoints(value: string): [seconds: number, changes: number][] {
  const numbers = wordsOf(value).map(Number);
  const points: [number, number][] = [];
  for (let i = 0; i < numbers.length; i += 2) points.push([numbers[i], numbers[i + 1]]);
  return points;
}

/** A client class's limits; 0 means none. */
export interface BufferLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

export type ClientClass = (typeof CLIENT_CLASSES)[number];

export function outputBufferLimits(value: string): Record<ClientClass, BufferLimit> {
  const limits = limitsByClass(value);
  const of = (name: ClientClass): BufferLimit => {
    const [hardBytes, softBytes, softSeconds] = limits[name].split(' ').map(Number);
    return { hardBytes, softBytes, softSeconds };
  };
  return { normal: of('normal'), slave: of('slave'), pubsub: of('pubsub') };
}

/** Host and port of the master, or null for a master. */
export function masterOf(value: string): { host: string; port: number } | null {
  const at = value.lastIndexOf(' ');
  return at < 0 ? null : { host: value.slice(0, at), port: Number(value.slice(at + 1)) };
}
