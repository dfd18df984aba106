/** MEMORY STATS, DOCTOR, MALLOC-STATS and PURGE. */
import { formatDouble } from '../../base/double.ts';
import type { Call } from '../call.ts';
import { clientBytes, type MemoryFigures, memoryFigures, share } from '../memory-figures.ts';

const MIB = 1 << 20;
/** What the JS engine and its threads may take beside the data before it is worth a word. */
const ENGINE_BYTES = 256 * MIB;
const EMPTY_BELOW = 5 * MIB;
const PEAK_RATIO = 1.5;
const WASTE_RATIO = 1.1;
const TOTAL_RATIO = 1.4;
const WASTE_BYTES = 10 * MIB;
const CLIENT_BYTES = 200 << 10;

function figuresOf(call: Call): MemoryFigures {
  return memoryFigures(call.server, clientBytes(call.server));
}

// --- STATS ------------------------------------------------------------------------------------------

export function stats(call: Call): void {
  const figures = figuresOf(call);
  const before: [string, number][] = [
    ['peak.allocated', figures.peak],
    ['total.allocated', figures.used],
    ['startup.allocated', figures.startup],
    ['replication.backlog', 0],
    ['clients.slaves', 0],
    ['clients.normal', figures.clients],
    ['cluster.links', 0],
    ['aof.buffer', figures.aofBuffer],
    ['lua.caches', 0],
    ['functions.caches', 0],
  ];
  const after = totals(figures);
  const { reply } = call;
  reply.map(before.length + figures.databases.length + after.length);
  for (const [name, bytes] of before) integer(call, name, bytes);
  for (const { expires, index, main } of figures.databases) {
    reply.bulkText(`db.${index}`);
    reply.map(2);
    integer(call, 'overhead.hashtable.main', main);
    integer(call, 'overhead.hashtable.expires', expires);
  }
  for (const [name, value, isRatio] of after) {
    if (isRatio) ratio(call, name, value);
    else integer(call, name, value);
  }
}

/** The rows behind those of the databases: name, value, and whether it is a double. */
function totals(figures: MemoryFigures): [string, number, boolean][] {
  const { active, allocated, dataset, keys, overhead, peak, resident, rss, startup, used } = figures;
  const net = used - startup;
  return [
    ['overhead.total', overhead, false],
    ['keys.count', keys, false],
    ['keys.bytes-per-key', Math.floor(share(net, keys)), false],
    ['dataset.bytes', dataset, false],
    ['dataset.percentage', share(dataset * 100, net), true],
    ['peak.percentage', share(used * 100, peak), true],
    ['allocator.allocated', allocated, false],
    ['allocator.active', active, false],
    ['allocator.resident', resident, false],
    ['allocator-fragmentation.ratio', share(active, allocated), true],
    ['allocator-fragmentation.bytes', active - allocated, false],
    ['allocator-rss.ratio', share(resident, active), true],
    ['allocator-rss.bytes', resident - active, false],
    ['rss-overhead.ratio', share(rss, resident), true],
    ['rss-overhead.bytes', rss - resident, false],
    ['fragmentation', share(rss, used), true],
    ['fragmentation.bytes', rss - used, false],
  ];
}

function integer({ reply }: Call, name: string, value: number): void {
  reply.bulkText(name);
  reply.integer(value);
}

function ratio({ reply, server }: Call, name: string, value: number): void {
  reply.bulkText(name);
  reply.double(formatDouble(Math.fround(value), server.compat));
}

// --- DOCTOR -----------------------------------------------------------------------------------------

const EMPTY =
  "Hi Sam, this instance is empty or is using very little memory, my issues detector can't be used in these conditions. " +
  'Please, leave for your mission on Earth and fill it with some data. ' +
  'The new Sam and I will be back to our programming as soon as I finished rebooting.\n';
const HEALTHY =
  "Hi Sam, I can't find any memory issue in your instance. I can only account for what occurs on this base.\n";
const FOUND = 'Sam, I detected a few issues in this Redis instance memory implants:\n\n';
const GOODBYE = "I'm here to keep you safe, Sam. I want to help you.\n";

/** What may be wrong, each with what it means and what can be done. */
const ISSUES: { holds: (figures: MemoryFigures, connections: number) => boolean; text: string }[] = [
  {
    holds: ({ peak, used }) => peak > used * PEAK_RATIO,
    text: 'Peak memory: at some time more than 150% of what is used now was in use. Memory of segments that have fallen empty is given back by itself; if the resident size stays high, turn on activedefrag, which empties sparse segments.',
  },
  {
    holds: ({ rss, used }) => rss > used * TOTAL_RATIO && rss - used > WASTE_BYTES + ENGINE_BYTES,
    text: 'High total RSS: the process is more than 1.4 times as large as what is used. Part of it is the JS engine; the entries below tell where the rest comes from.',
  },
  {
    holds: ({ active, allocated }) => active > allocated * WASTE_RATIO && active - allocated > WASTE_BYTES,
    text: 'High allocator fragmentation: there are many free cells between used ones, as after the deletion of many keys. New values will fill them; activedefrag moves what is left together and gives memory back.',
  },
  {
    holds: ({ active, resident }) => resident > active * WASTE_RATIO && resident - active > WASTE_BYTES,
    text: 'High allocator RSS overhead: there are many free pages between used ones. New values will fill them; MEMORY PURGE gives back what segments are empty, and activedefrag empties sparse ones.',
  },
  {
    holds: ({ resident, rss }) => rss > resident * WASTE_RATIO && rss - resident > WASTE_BYTES + ENGINE_BYTES,
    text: 'High process RSS overhead: the JS engine and its threads take more than is usual. See executor_heap_used_bytes and the threads in INFO.',
  },
  {
    holds: ({ clients }, connections) => share(clients, connections) > CLIENT_BYTES,
    text: 'Big client buffers: clients make the server hold more than 200 KB each, on average: they do not read what they asked for or subscribed to. See omem and qbuf in CLIENT LIST, and client-output-buffer-limit.',
  },
];

export function doctor(call: Call): void {
  call.reply.verbatim('txt', report(figuresOf(call), call.server.sessions.size));
}

function report(figures: MemoryFigures, connections: number): string {
  if (figures.used < EMPTY_BELOW) return EMPTY;
  const issues = ISSUES.filter(({ holds }) => holds(figures, connections));
  if (issues.length === 0) return HEALTHY;
  return FOUND + issues.map(({ text }) => ` * ${text}\n\n`).join('') + GOODBYE;
}

// --- PURGE and MALLOC-STATS -------------------------------------------------------------------------

export function purge(call: Call): void {
  call.server.keyspace.giveBack();
  call.reply.ok();
}

export function mallocStats(call: Call): void {
  const { keyspace } = call.server;
  const { arena, large } = keyspace;
  const lines = [
    '___ Begin arena statistics ___',
    `Allocated: ${arena.usedBytes}, active: ${arena.spanBytes}, metadata: ${arena.tableBytes}, resident: ${arena.touchedBytes}, mapped: ${arena.reservedBytes}`,
    `Large values: ${large.count}, ${large.usedBytes} bytes`,
    '',
    'segments:   segment      used bytes   closed',
    ...arena
      .segments()
      .map(
        ({ closed, segment, usedBytes }) =>
          `${String(segment).padStart(19)} ${String(usedBytes).padStart(15)} ${closed ? '      yes' : '       no'}`,
      ),
    '',
    'cells:    size     spans       used       free  util',
    ...arena
      .classes()
      .map(({ cellBytes, free, spans, used }) =>
        [
          String(cellBytes).padStart(14),
          String(spans).padStart(9),
          String(used).padStart(10),
          String(free).padStart(10),
          share(used, used + free).toFixed(3),
        ].join(' '),
      ),
    '--- End arena statistics ---',
    '',
  ];
  call.reply.verbatim('txt', lines.join('\n'));
}
