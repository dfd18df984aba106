/**
 * Builds the executor of a real process: the server state from what main sent, the channels from shared memory, and
 * the services that are messages to other threads.
 */
import { receiveMessageOnPort } from 'node:worker_threads';
import { SystemClock } from '../base/clock.ts';
import { Prng } from '../base/prng.ts';
import { SipHasher } from '../base/siphash.ts';
import { COMMANDS } from '../commands/all.ts';
import type { Server, Services } from '../commands/server.ts';
import type { Session } from '../commands/session.ts';
import { Stats } from '../commands/stats.ts';
import { CommandTable } from '../commands/table.ts';
import { Config } from '../config/config.ts';
import { Keyspace } from '../keyspace/keyspace.ts';
import { Doorbell } from '../ring/doorbell.ts';
import { HEARTBEATS } from '../ring/layout.ts';
import {
  type ExecutorData,
  type FromExecutor,
  PROCESS_CPU_SYSTEM_US,
  PROCESS_CPU_USER_US,
  PROCESS_PEAK_RESIDENT,
  PROCESS_RESIDENT,
  type ToExecutor,
} from '../supervisor/messages.ts';
import { REDIS_VERSIONS } from '../supervisor/product.ts';
import { ChannelEnd } from './channel-end.ts';
import { Cron } from './cron.ts';
import { Executor, type LargeMessage } from './executor.ts';
import { HeapWatch } from './heap-watch.ts';
import { publishSettings } from './settings.ts';
import { ThreadWatch } from './thread-watch.ts';

export function buildExecutor(data: ExecutorData): Executor {
  const control = new Int32Array(data.process.control);
  const clock = new SystemClock();
  const hasher = new SipHasher(...data.hashSeed);
  const config = Config.from(data.config);
  const table = new CommandTable(COMMANDS);
  const channels = data.channels.map((memory, i) => new ChannelEnd(i, memory));
  const pending = new Map<number, { session: Session; done: (answer: unknown, session: Session) => void }>();
  const send = (message: FromExecutor) => data.mainPort.postMessage(message);
  const heap = new HeapWatch();
  const threads = new ThreadWatch(channels, clock);
  let nextAsk = 1;

  const services: Services = {
    log: (level, message) => send({ type: 'log', level, message }),
    ask(session, kind, payload, done) {
      const id = nextAsk++;
      pending.set(id, { session, done });
      executor.park(session);
      send({ type: 'ask', id, kind, data: payload });
    },
    shutdown: (save) => send({ type: 'shutdown', save }),
    publishSettings: () => publishSettings(control, server.config),
    processFigures() {
      const figures = new Float64Array(data.figures);
      return {
        residentBytes: figures[PROCESS_RESIDENT],
        peakResidentBytes: figures[PROCESS_PEAK_RESIDENT],
        cpuUserUs: figures[PROCESS_CPU_USER_US],
        cpuSystemUs: figures[PROCESS_CPU_SYSTEM_US],
        residentRatioTimeMs: 0,
      };
    },
    threadFigures: () => threads.rows(executor),
    release: (buffers) => data.bioPort.postMessage(buffers, buffers),
    heap: () => ({ ...heap.figures(), stallMaxMs: executor.figures.stallMaxUs / 1000 }),
  };

  const keyspace = new Keyspace(hasher, config.number('databases'));
  const compat = config.compat;
  const server: Server = {
    clock,
    nowMs: clock.nowMs(),
    keyspace,
    config,
    table,
    stats: new Stats(table.byId.length),
    random: new Prng(data.randomSeed),
    sessions: new Map(),
    runId: data.runId,
    replicationId: data.replicationId,
    startMs: data.startMs,
    compat,
    is72: compat === '7.2',
    version: REDIS_VERSIONS[compat],
    pid: process.pid,
    host: data.facts,
    services,
    activeExpireEnabled: true,
    loading: false,
  };

  const cron = new Cron(server, channels, threads, heap);
  const executor: Executor = new Executor({
    server,
    channels,
    hasher,
    doorbell: new Doorbell(control),
    receiveLarge: (worker) => receiveMessageOnPort(data.ports[worker])!.message as LargeMessage,
    readMail() {
      for (let mail = receiveMessageOnPort(data.mainPort); mail; mail = receiveMessageOnPort(data.mainPort)) {
        const message = mail.message as ToExecutor;
        if (message.type === 'stop') executor.stopping = true;
        else answer(message.id, message.answer);
      }
    },
    cron() {
      Atomics.add(control, HEARTBEATS, 1);
      cron.run(executor);
    },
    spinUs: Number(process.env.THREADIS_SPIN_US ?? 20),
  });

  function answer(id: number, value: unknown): void {
    const waiting = pending.get(id);
    if (!waiting) return;
    pending.delete(id);
    executor.unpark(waiting.session, () => waiting.done(value, waiting.session));
  }

  applyRenames(table, config, services);
  publishSettings(control, config);
  send({ type: 'ready', names: table.names() });
  return executor;
}

function applyRenames(table: CommandTable, config: Config, services: Services): void {
  for (const [from, to] of config.words.renames) {
    const error = table.rename(from, to);
    if (error !== null) services.log('warning', `rename-command ${from}: ${error}`);
  }
}
