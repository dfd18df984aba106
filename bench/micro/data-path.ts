// The data path on one thread: what an io worker spends on parsing a pipeline, and what the executor spends on running it.
// Three ways of looking at a command's cost: the parser with its descriptors, the executor's turn, and both in turn.
import { FakeClock } from '../../src/base/clock.ts';
import { Prng } from '../../src/base/prng.ts';
import { SipHasher } from '../../src/base/siphash.ts';
import { COMMANDS } from '../../src/commands/all.ts';
import { CommandLogs } from '../../src/commands/command-logs.ts';
import { LatencyEvents } from '../../src/commands/latency-events.ts';
import type { Server } from '../../src/commands/server.ts';
import { Stats } from '../../src/commands/stats.ts';
import { CommandTable } from '../../src/commands/table.ts';
import { Config } from '../../src/config/config.ts';
import { BlockedClients } from '../../src/executor/blocked-clients.ts';
import { Changes } from '../../src/executor/changes.ts';
import { ChannelEnd } from '../../src/executor/channel-end.ts';
import { CommandWatch } from '../../src/executor/command-watch.ts';
import { Executor } from '../../src/executor/executor.ts';
import { Monitors } from '../../src/executor/monitors.ts';
import { Pause } from '../../src/executor/pause.ts';
import { Keyspace } from '../../src/keyspace/keyspace.ts';
import { Connection } from '../../src/net/connection.ts';
import { Input } from '../../src/net/input.ts';
import { Broker } from '../../src/pubsub/broker.ts';
import { CommandNames } from '../../src/resp/command-names.ts';
import { createChannelMemory, createProcessMemory } from '../../src/ring/channel.ts';
import { Doorbell } from '../../src/ring/doorbell.ts';
import { SETTING_BULK_MAX, SETTING_QUERY_BUFFER_MAX } from '../../src/ring/layout.ts';
import { ReplyRingReader } from '../../src/ring/reply-ring.ts';
import { REQUEST_OPEN, RequestWriter } from '../../src/ring/request-ring.ts';
import { ClientTracking } from '../../src/tracking/tracking.ts';
import { SessionTransactions } from '../../src/transactions/transactions.ts';
import { perOperation } from './lib/per-operation.ts';

const KEYS = Number(process.env.KEYS ?? 100_000);
const PIPELINE = Number(process.env.PIPELINE ?? 50);
const PIPELINES = Number(process.env.PIPELINES ?? 64);
const BURST = Number(process.env.BURST ?? 8);

const memory = createChannelMemory();
const control = new Int32Array(createProcessMemory().control);
control[SETTING_BULK_MAX] = 512 << 20;
control[SETTING_QUERY_BUFFER_MAX] = 1 << 30;
const hasher = new SipHasher(1, 2);
const table = new CommandTable(COMMANDS);
const clock = new FakeClock();
const keyspace = new Keyspace(hasher, 16);
const broker = new Broker(hasher);
const changes = new Changes(keyspace, broker);
const transactions = new SessionTransactions(changes.watched, table);
const sessions = new Map();
const tracking = new ClientTracking({
  outbox: broker.outbox,
  sessions,
  random: new Prng(1),
  onInterest: () => changes.listen(),
  hashOf: (bytes, start, end) => hasher.hash(bytes, start, end),
});
changes.tracking = tracking;
const server = {
  clock,
  nowMs: clock.nowMs(),
  keyspace,
  config: new Config({ directory: '/', cores: 2 }),
  table,
  stats: new Stats(table.byId.length),
  random: new Prng(1),
  sessions,
  transactions,
  tracking,
  pubsub: broker,
  commandLogs: new CommandLogs(),
  latency: new LatencyEvents(() => clock.nowMs()),
  activeExpireEnabled: true,
  services: {},
} as unknown as Server;
const channel = new ChannelEnd(0, memory);
const executor = new Executor({
  server,
  channels: [channel],
  hasher,
  blocked: new BlockedClients(keyspace),
  doorbell: new Doorbell(control),
  pause: new Pause(() => clock.nowMs()),
  tracking,
  monitors: new Monitors(broker.outbox, clock),
  limitClients: () => {},
  transactions,
  broker,
  watch: new CommandWatch(server, control),
  receiveLarge: () => {
    throw new Error('no large commands here');
  },
  readMail: () => {},
  persist: () => false,
  countClients: () => {},
  cron: () => {},
  reportFailure: () => {},
  spinLooksMax: 0,
});
const requests = new RequestWriter(memory.control, memory.requestWords, memory.requestBytes);
const replies = new ReplyRingReader(memory.control, memory.replyFrames, memory.replyBytes);
const rows = new Int32Array(memory.connections);
const input = new Input(requests, new CommandNames(table.names()), hasher, control, rows, () => {});
const connection = new Connection(0, 0, null as never, null);

function drainReplies(): void {
  while (replies.poll()) {
    for (let at = replies.next(); at >= 0; at = replies.next()) {
      rows[2] = (rows[2] + replies.frames[at + 2]) | 0;
      replies.advance(at);
    }
    replies.release();
  }
}

const random = new Prng(7);
const value = 'x'.repeat(64);
const pipelines = (make: (key: string) => string[]) =>
  Array.from({ length: PIPELINES }, () => {
    let text = '';
    for (let i = 0; i < PIPELINE; i++) {
      const args = make(`key:${String(random.below(KEYS)).padStart(12, '0')}`);
      text += `*${args.length}\r\n${args.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
    }
    return Uint8Array.from(text, (c) => c.charCodeAt(0));
  });

input.sendRecord(REQUEST_OPEN, 0, '127.0.0.1:1 127.0.0.1:2');
requests.publish();
executor.runOnce();

/** Parses BURST pipelines, publishes, executes, drains. */
let at = 0;
function parse(list: Uint8Array[]): void {
  for (let i = 0; i < BURST; i++) {
    const bytes = list[at++ & (PIPELINES - 1)];
    input.take(connection, bytes, 0, bytes.length);
  }
  requests.publish();
}
function execute(): void {
  while (channel.requests.depth > 0) {
    executor.runOnce();
    drainReplies();
  }
}

const sets = pipelines((key) => ['SET', key, value]);
const gets = pipelines((key) => ['GET', key]);
const incrs = pipelines((key) => ['INCR', `n${key}`]);
/** MULTI and EXEC around every ten SETs: 12 commands that count as 10. */
const transactionsOfSets = sets.map((bytes) => {
  const words = Buffer.from(bytes).toString('latin1').split('*3\r\n').slice(1);
  let text = '';
  for (const [i, word] of words.entries()) {
    if (i % 10 === 0) text += '*1\r\n$5\r\nMULTI\r\n';
    text += `*3\r\n${word}`;
    if (i % 10 === 9) text += '*1\r\n$4\r\nEXEC\r\n';
  }
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
});
for (let i = 0; i < KEYS; i++) {
  const words = ['SET', `key:${String(i).padStart(12, '0')}`, value];
  const bytes = Uint8Array.from(`*3\r\n${words.map((w) => `$${w.length}\r\n${w}\r\n`).join('')}`, (c) =>
    c.charCodeAt(0),
  );
  input.take(connection, bytes, 0, bytes.length);
  requests.publish();
  execute();
}
const operations = PIPELINE * BURST;
for (const list of [sets, gets, incrs, transactionsOfSets]) {
  for (let i = 0; i < 2000; i++) {
    parse(list);
    execute();
  }
}
await perOperation(
  (
    [
      ['SET', sets],
      ['GET', gets],
      ['INCR', incrs],
      ['SET in transactions of ten', transactionsOfSets],
    ] as const
  ).flatMap(([name, list]) => [
    {
      name: `${name}: parse and describe, a pipeline of ${PIPELINE}`,
      operations,
      prepare: execute,
      run: () => parse(list),
    },
    {
      name: `${name}: execute and reply`,
      operations,
      prepare: () => {
        execute();
        parse(list);
      },
      run: execute,
    },
  ]),
  600,
);
