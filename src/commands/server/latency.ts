/** LATENCY: what held the server up, and how long its commands take. */
import type { Histogram } from '../../base/histogram.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { ADMIN, arg, type Command, defineCommand, LOADING, NOSCRIPT, STALE } from '../define.ts';
import { replyHelp } from '../help.ts';
import { latencyReport } from './latency-doctor.ts';
import { latencyGraph } from './latency-graph.ts';

const COMMON = { group: 'server', complexity: 'O(1)', flags: ADMIN | NOSCRIPT | LOADING | STALE } as const;
const TIPS = ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'];

export const LATENCY = defineCommand({
  name: 'LATENCY',
  summary: 'Commands about what takes time.',
  group: 'server',
  since: '2.8.13',
  complexity: 'Depends on subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [
    defineCommand({
      ...COMMON,
      name: 'DOCTOR',
      summary: 'Says in words what held the server up, and what may help.',
      since: '2.8.13',
      arity: 2, // LATENCY DOCTOR
      tips: TIPS,
      handler: (call) => call.reply.verbatim('txt', latencyReport(call.server)),
    }),
    defineCommand({
      ...COMMON,
      name: 'GRAPH',
      summary: 'Draws the samples of an event.',
      since: '2.8.13',
      arity: 3, // LATENCY GRAPH event
      tips: TIPS,
      args: [arg.string('event')],
      handler: graph,
    }),
    defineCommand({
      ...COMMON,
      name: 'HISTOGRAM',
      summary: 'Returns how many calls of commands took how long.',
      since: '7.0.0',
      complexity: 'O(N) where N is the number of commands with latency information being retrieved.',
      arity: -2, // LATENCY HISTOGRAM [command ...]
      tips: TIPS,
      args: [arg.string('command', { optional: true, many: true })],
      handler: histogram,
    }),
    defineCommand({
      ...COMMON,
      name: 'HISTORY',
      summary: 'Returns the samples of an event.',
      since: '2.8.13',
      arity: 3, // LATENCY HISTORY event
      tips: TIPS,
      args: [arg.string('event')],
      handler: history,
    }),
    defineCommand({
      ...COMMON,
      name: 'LATEST',
      summary: 'Returns the latest sample of each event.',
      since: '2.8.13',
      arity: 2, // LATENCY LATEST
      tips: TIPS,
      handler: latest,
    }),
    defineCommand({
      ...COMMON,
      name: 'RESET',
      summary: 'Forgets the samples of some or all events.',
      since: '2.8.13',
      arity: -2, // LATENCY RESET [event ...]
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      args: [arg.string('event', { optional: true, many: true })],
      handler: reset,
    }),
    defineCommand({
      ...COMMON,
      name: 'HELP',
      summary: 'Explains the subcommands.',
      since: '2.8.13',
      arity: 2, // LATENCY HELP
      flags: LOADING | STALE,
      handler: help,
    }),
  ],
});

function graph(call: Call): void {
  const event = call.text(2);
  const series = call.server.latency.series.get(event);
  if (series === undefined) call.reply.error(errors.noLatencySamples(event));
  else call.reply.verbatim('txt', latencyGraph(event, series, Math.floor(call.server.nowMs / 1000)));
}

function history(call: Call): void {
  const { reply, server } = call;
  const samples = server.latency.series.get(call.text(2))?.samples ?? [];
  reply.array(samples.length);
  for (const { ms, second } of samples) {
    reply.array(2);
    reply.integer(second);
    reply.integer(ms);
  }
}

function latest({ reply, server }: Call): void {
  const { series } = server.latency;
  reply.array(series.size);
  for (const [event, { maxMs, samples }] of series) {
    const last = samples[samples.length - 1];
    reply.array(4);
    reply.bulkText(event);
    reply.integer(last.second);
    reply.integer(last.ms);
    reply.integer(maxMs);
  }
}

function reset(call: Call): void {
  const { latency } = call.server;
  const events = call.argc === 2 ? [...latency.series.keys()] : [];
  for (let i = 2; i < call.argc; i++) events.push(call.text(i));
  call.reply.integer(events.filter((event) => latency.reset(event)).length);
}

/** The named commands that there are, each with its subcommands; all without a name. */
function histogram(call: Call): void {
  const { table } = call.server;
  const chosen: Command[] = call.argc === 2 ? [...table.topLevel()].flatMap(withChildren) : [];
  for (let i = 2; i < call.argc; i++) {
    const command = table.find(call.lowerText(i));
    if (command !== undefined) chosen.push(...withChildren(command));
  }
  const { histograms } = call.server.stats;
  const used = chosen.filter(({ id }) => histograms[id] !== null);
  call.reply.map(used.length);
  for (const { fullName, id } of used) {
    call.reply.bulkText(fullName);
    replyHistogram(call, histograms[id]!);
  }
}

/** A container that is a command by itself, too, runs under an id that only `alone` has. */
function withChildren(command: Command): Command[] {
  return [command.alone ?? command, ...(command.children?.values() ?? [])];
}

function replyHistogram({ reply }: Call, calls: Histogram): void {
  const pairs = calls.doublings();
  reply.map(2);
  reply.bulkText('calls');
  reply.integer(calls.total);
  reply.bulkText('histogram_usec');
  reply.map(pairs.length);
  for (const [microseconds, count] of pairs) {
    reply.integer(microseconds);
    reply.integer(count);
  }
}

function help(call: Call): void {
  replyHelp(call, 'LATENCY', [
    'DOCTOR',
    '    Say in words what held the server up, and what may help.',
    'GRAPH <event>',
    '    Draw the samples of an event.',
    'HISTOGRAM [<command> ...]',
    '    How many calls of these commands, or of all, took at most 1, 2, 4 ... microseconds.',
    'HISTORY <event>',
    '    The times of the samples of an event, and their milliseconds.',
    'LATEST',
    '    The latest sample of each event, and its longest.',
    'RESET [<event> ...]',
    '    Forget the samples of these events, or of all.',
  ]);
}
