/** HOTKEYS: looks for the keys that take the most time and the most bytes, for as long as a session goes on. */
import { parseSafeInteger } from '../../base/int64.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { ADMIN, arg, defineCommand, NOSCRIPT } from '../define.ts';
import { replyHelp } from '../help.ts';
import type { HotKeyOptions, HotKeySession } from '../hot-keys.ts';

const COMMON = { group: 'server', since: '8.6.0', complexity: 'O(1)' } as const;
const FLAGS = ADMIN | NOSCRIPT;
const COUNT_USUAL = 10;
const COUNT_MAX = 64;
const SECONDS_MAX = 1_000_000;
/** How many figures there are. */
const METRICS_MAX = 2;
const SLOT_LAST = 16383;

export const HOTKEYS = defineCommand({
  ...COMMON,
  name: 'HOTKEYS',
  summary: 'Commands that look for hot keys.',
  origin: 'redis 8.6',
  complexity: 'Depends on subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [
    defineCommand({
      ...COMMON,
      name: 'START',
      summary: 'Begins to look for hot keys.',
      arity: -2, // HOTKEYS START METRICS count [CPU] [NET] [COUNT k] [DURATION seconds] [SAMPLE ratio]
      flags: FLAGS,
      args: [
        arg.block(
          'metrics',
          [
            arg.integer('count'),
            arg.token('cpu', 'CPU', { optional: true }),
            arg.token('net', 'NET', { optional: true }),
          ],
          { token: 'METRICS' },
        ),
        arg.integer('k', { token: 'COUNT', optional: true }),
        arg.integer('seconds', { token: 'DURATION', optional: true }),
        arg.integer('ratio', { token: 'SAMPLE', optional: true }),
        arg.block('slots', [arg.integer('count'), arg.integer('slot', { many: true })], {
          token: 'SLOTS',
          optional: true,
        }),
      ],
      handler: start,
    }),
    defineCommand({
      ...COMMON,
      name: 'STOP',
      summary: 'Ends the search for hot keys.',
      arity: 2, // HOTKEYS STOP
      flags: FLAGS,
      handler: stop,
    }),
    defineCommand({
      ...COMMON,
      name: 'GET',
      summary: 'Returns the hot keys that were found.',
      complexity: 'O(K) where K is the number of hotkeys returned.',
      arity: 2, // HOTKEYS GET
      flags: FLAGS,
      handler: get,
    }),
    defineCommand({
      ...COMMON,
      name: 'RESET',
      summary: 'Forgets the hot keys that were found.',
      arity: 2, // HOTKEYS RESET
      flags: FLAGS,
      handler: reset,
    }),
    defineCommand({
      ...COMMON,
      name: 'HELP',
      summary: 'Explains the subcommands.',
      arity: 2, // HOTKEYS HELP
      flags: 0,
      handler: help,
    }),
  ],
});

function start(call: Call): void {
  const { hotKeys, nowMs } = call.server;
  hotKeys.tick(nowMs);
  if (hotKeys.isActive) {
    call.reply.error(errors.HOTKEYS_STARTED);
    return;
  }
  const options = readOptions(call);
  if (typeof options === 'string') {
    call.reply.error(options);
    return;
  }
  hotKeys.start(options, nowMs);
  call.reply.ok();
}

/** The options, or an error text. */
function readOptions(call: Call): HotKeyOptions | string {
  if (call.argc < 4 || !call.is(2, 'METRICS')) return errors.HOTKEYS_METRICS;
  const wanted = number(call, 3);
  if (!(wanted >= 1 && wanted <= METRICS_MAX)) return errors.HOTKEYS_METRICS_COUNT;
  const options = { cpu: false, net: false, count: COUNT_USUAL, durationMs: 0, sample: 1 };
  const at = readMetrics(call, wanted, options);
  return typeof at === 'string' ? at : (readOthers(call, at, options) ?? options);
}

/** Reads the figures that are asked for, others passed over: the index behind them, or an error text. */
function readMetrics(call: Call, count: number, options: HotKeyOptions): number | string {
  if (4 + count > call.argc) return errors.HOTKEYS_METRICS_MISMATCH;
  for (let i = 4; i < 4 + count; i++) {
    if (call.is(i, 'CPU')) {
      if (options.cpu) return errors.hotkeysMetricTwice('CPU');
      options.cpu = true;
    } else if (call.is(i, 'NET')) {
      if (options.net) return errors.hotkeysMetricTwice('NET');
      options.net = true;
    }
  }
  return options.cpu || options.net ? 4 + count : errors.HOTKEYS_NO_METRICS;
}

/** Reads what follows the figures. An error text, or null. */
function readOthers(call: Call, from: number, options: HotKeyOptions): string | null {
  for (let i = from; i < call.argc; i += 2) {
    if (call.is(i, 'SLOTS')) return errors.HOTKEYS_SLOTS;
    if (i + 1 === call.argc) return errors.SYNTAX;
    const value = number(call, i + 1);
    if (call.is(i, 'COUNT')) {
      if (!(value >= 1 && value <= COUNT_MAX)) return errors.HOTKEYS_COUNT;
      options.count = value;
    } else if (call.is(i, 'DURATION')) {
      if (!(value >= 1 && value <= SECONDS_MAX)) return errors.HOTKEYS_DURATION;
      options.durationMs = value * 1000;
    } else if (call.is(i, 'SAMPLE')) {
      if (!(value >= 1)) return errors.HOTKEYS_SAMPLE;
      options.sample = value;
    } else return errors.SYNTAX;
  }
  return null;
}

/** NaN when it is none. */
function number(call: Call, index: number): number {
  return parseSafeInteger(call.bytes, call.start(index), call.end(index));
}

function stop(call: Call): void {
  const { hotKeys, nowMs } = call.server;
  hotKeys.tick(nowMs);
  if (!hotKeys.isActive) {
    call.reply.null();
    return;
  }
  hotKeys.stop(nowMs);
  call.reply.ok();
}

function reset(call: Call): void {
  const { hotKeys, nowMs } = call.server;
  hotKeys.tick(nowMs);
  if (hotKeys.isActive) {
    call.reply.error(errors.HOTKEYS_IN_PROGRESS);
    return;
  }
  hotKeys.session = null;
  call.reply.ok();
}

/** An array of one map: the server could have several nodes' worth to tell. */
function get(call: Call): void {
  const { hotKeys, nowMs } = call.server;
  hotKeys.tick(nowMs);
  const { session } = hotKeys;
  if (session === null) call.reply.null();
  else {
    call.reply.array(1);
    replySession(call, session);
  }
}

function replySession({ reply, server }: Call, session: HotKeySession): void {
  const { cpu, count, net, sample } = session.options;
  const spent = server.hotKeys.spent(session);
  reply.map(7 + (cpu ? 3 : 0) + (net ? 2 : 0));
  const figure = (name: string, value: number) => {
    reply.bulkText(name);
    reply.integer(Math.round(value));
  };
  const keys = (name: string, heaviest: [string, number][]) => {
    const told = heaviest.filter(([, weight]) => Math.round(weight) > 0);
    reply.bulkText(name);
    reply.array(told.length * 2);
    for (const [key, weight] of told) figure(key, weight);
  };
  figure('tracking-active', session.endMs === 0 ? 1 : 0);
  figure('sample-ratio', sample);
  reply.bulkText('selected-slots');
  reply.array(1);
  reply.array(2);
  reply.integer(0);
  reply.integer(SLOT_LAST);
  figure('all-commands-all-slots-us', spent.commandUs);
  figure('net-bytes-all-commands-all-slots', spent.netBytes);
  figure('collection-start-time-unix-ms', session.startMs);
  figure('collection-duration-ms', (session.endMs || server.nowMs) - session.startMs);
  if (cpu) {
    figure('total-cpu-time-user-ms', spent.userUs / 1000);
    figure('total-cpu-time-sys-ms', spent.systemUs / 1000);
  }
  if (net) figure('total-net-bytes', spent.netBytes);
  if (cpu) keys('by-cpu-time-us', session.byTime.heaviest(count));
  if (net) keys('by-net-bytes', session.byBytes.heaviest(count));
}

function help(call: Call): void {
  replyHelp(call, 'HOTKEYS', [
    'START METRICS <count> [CPU] [NET] [COUNT <k>] [DURATION <seconds>] [SAMPLE <ratio>]',
    '    Begin to look for the keys that take the most time (CPU) or the most bytes (NET); <count> says how many figures follow.',
    '    * COUNT <k>: how many keys to tell of (default: 10, at most 64).',
    '    * DURATION <seconds>: stop by itself after so long.',
    '    * SAMPLE <ratio>: look at one command of so many (default: 1).',
    'STOP',
    '    End the search; what was found stays.',
    'GET',
    '    What was found so far.',
    'RESET',
    '    Forget what was found.',
  ]);
}
