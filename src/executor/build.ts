/**
 * Builds the executor of a real process: the server state from what main sent, the channels from shared memory, and
 * the services that are messages to other threads.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { SystemClock } from '../base/clock.ts';
import { Prng } from '../base/prng.ts';
import { SipHasher } from '../base/siphash.ts';
import { COMMANDS } from '../commands/all.ts';
import { CommandLogs } from '../commands/command-logs.ts';
import { HotKeys, type Totals } from '../commands/hot-keys.ts';
import { LatencyEvents } from '../commands/latency-events.ts';
import type { SaveOrigin } from '../commands/persistence.ts';
import type { Server, Services } from '../commands/server.ts';
import type { Session } from '../commands/session.ts';
import { Stats } from '../commands/stats.ts';
import { CommandTable } from '../commands/table.ts';
import { Config } from '../config/config.ts';
import { REDIS_VERSIONS } from '../config/product.ts';
import { Keyspace } from '../keyspace/keyspace.ts';
import { bindSettings } from '../keyspace/settings.ts';
import type { InfoSources, ProcessFigures } from '../observability/figures.ts';
import { Info } from '../observability/info.ts';
import { RecentPeaks } from '../observability/recent-peaks.ts';
import { ownThreadId, threadCpu } from '../observability/thread-cpu.ts';
import { CommandLog } from '../persistence/aof/command-log.ts';
import { AofOrders } from '../persistence/aof-orders.ts';
import { Persistence } from '../persistence/persistence.ts';
import { Broker } from '../pubsub/broker.ts';
import { Doorbell } from '../ring/doorbell.ts';
import { AOF_SIZE, HEARTBEATS, LOG_ALWAYS, LOG_BROKEN, LOG_UNSURE, THREAD_IDS } from '../ring/layout.ts';
import {
  LOG_FSYNCS_DELAYED,
  LOG_FSYNCS_RUNNING,
  LOG_WRITTEN,
  LogWriter,
  readPosition,
} from '../ring/log-ring.ts';
import {
  type ExecutorData,
  type FromExecutor,
  PROCESS_CPU_SYSTEM_US,
  PROCESS_CPU_USER_US,
  PROCESS_PEAK_RESIDENT,
  PROCESS_RESIDENT,
  type ToExecutor,
} from '../ring/messages.ts';
import { ClientTracking } from '../tracking/tracking.ts';
import { SessionTransactions } from '../transactions/transactions.ts';
import { BlockedClients } from './blocked-clients.ts';
import { Changes } from './changes.ts';
import { ChannelEnd } from './channel-end.ts';
import { ClientEviction } from './client-eviction.ts';
import { AofPlayer } from './command-player.ts';
import { CommandWatch } from './command-watch.ts';
import { crashReport } from './crash-report.ts';
import { Cron } from './cron.ts';
import { Executor, type LargeMessage } from './executor.ts';
import { FsyncWaits } from './fsync-waits.ts';
import { GATE_AOF_MISCONF, GATE_CLIENT_MEMORY, GATE_LOADING, GATE_MAXMEMORY, GATE_MISCONF } from './gates.ts';
import { HeapWatch } from './heap-watch.ts';
import { HeldByClients } from './held-by-clients.ts';
import { MainCalls } from './main-calls.ts';
import { Monitors } from './monitors.ts';
import { NetworkWatch } from './network-watch.ts';
import { OutputLimits } from './output-limits.ts';
import { Pause } from './pause.ts';
import { followSettings } from './settings.ts';
import { ThreadWatch } from './thread-watch.ts';

/** How often a thread that is about to end looks whether main knows. */
const STOP_LOOK_MS = 1;
/** The longest wait for a line to be in the log. */
const LOG_WAIT_MS = 100;

/** What the executor keeps an eye on. */
interface Watches {
  network: NetworkWatch;
  threads: ThreadWatch;
  heap: HeapWatch;
  peaks: RecentPeaks;
}

/** `onCron` is called ten times a second or so with the time, before anything else that is due then. */
export function buildExecutor(data: ExecutorData, onCron: ((nowMs: number) => void) | null): Executor {
  const control = new Int32Array(data.process.control);
  control[THREAD_IDS] = ownThreadId();
  const clock = new SystemClock();
  const config = Config.from(data.config);
  const hasher = new SipHasher(...data.hashSeed);
  const logControl = new Int32Array(data.log.control);
  const channels = data.channels.map((memory, i) => new ChannelEnd(i, memory));
  const send = (message: FromExecutor) => data.mainPort.postMessage(message);
  const watches: Watches = {
    network: new NetworkWatch(control, channels),
    threads: new ThreadWatch(channels, control, clock),
    heap: new HeapWatch(),
    peaks: new RecentPeaks(),
  };
  watches.heap.start();
  const mainCalls = new MainCalls({
    config,
    send,
    park: (session) => executor.parked.park(session),
    unpark: (session, answer) => executor.parked.unpark(session, answer),
  });
  const sources = infoSources(data, watches, () => executor);
  const services = buildServices(data, send, mainCalls, {
    info: (sections) => info.text(sections),
    resetStats: () => resetStats(server, executor, watches),
    residentBytes: () => sources.process().residentBytes,
    aofBufferBytes: () => log.waitingBytes,
    shutdown(save, force) {
      const error = persistence.prepareForShutdown(save, force);
      if (error !== null) return error;
      send({ type: 'shutdown' });
      // No command runs any more: it would be answered, and lost.
      return waitForStop(data.mainPort);
    },
  });
  const server: Server = {
    ...buildServer(data, config, clock, hasher, services, () => runningTotals(server, sources)),
    get persistence() {
      return persistence;
    },
  };
  const fsyncs = server.fsyncs as FsyncWaits;
  // Asked for with every command that is logged.
  const logSettings = { timestamps: false, together: false };
  const log = new CommandLog(new LogWriter(data.log), server.table, {
    timestamps: () => logSettings.timestamps,
    nowMs: () => server.nowMs,
    broken: () => Atomics.load(control, LOG_BROKEN) !== 0,
    together: () => logSettings.together,
  });
  let aofPlayer: AofPlayer | null = null;
  const player = () => {
    aofPlayer ??= new AofPlayer(server, executor.loaded);
    return aofPlayer;
  };
  const persistence: Persistence = new Persistence({
    server,
    process: data.process.control,
    toBio: (message, transfer) => data.bioPort.postMessage(message, transfer),
    orders: new AofOrders(data.bioPort),
    log,
    setLogging(on) {
      executor.observers.setLog(on ? log : null);
      fsyncs.isLogging = on;
      const { lazy } = server.keyspace;
      server.keyspace.onExpire = on ? (db, _hash, address) => log.deleted(db, address, lazy.expire) : null;
      server.keyspace.onEvict = on
        ? (db, address) => log.deleted(db, address, config.bool('lazyfree-lazy-eviction'))
        : null;
      server.keyspace.onElementExpire = on
        ? (db, _hash, address, field) => log.fieldDeleted(db, address, field)
        : null;
    },
    player: {
      open: (bytes, size) => player().open(bytes, size),
      startFile: () => player().startFile(),
      run: (mayGoOn) => player().run(mayGoOn),
      get empty() {
        return player().empty;
      },
    },
    aofBytes: () => readPosition(control, AOF_SIZE) + readPosition(logControl, LOG_WRITTEN),
    fsyncsRunning: () => Atomics.load(logControl, LOG_FSYNCS_RUNNING),
    fsyncsDelayed: () => Atomics.load(logControl, LOG_FSYNCS_DELAYED),
    aofErrno: () => Atomics.load(control, LOG_BROKEN),
    aofUnsure: () => Atomics.load(control, LOG_UNSURE) !== 0,
    onLoaded: (error) => send({ type: 'loaded', error }),
    onState: () => onState(),
  });
  const onState = () => {
    const { dispatcher } = executor;
    dispatcher.setGate(GATE_LOADING, server.loading);
    dispatcher.setGate(GATE_MISCONF, persistence.refusesWrites);
    dispatcher.setGate(GATE_AOF_MISCONF, persistence.aofRefusesWrites);
  };
  const stop = (save: SaveOrigin, force: boolean) => {
    send({ type: 'saving' });
    if (!executor.halted && persistence.prepareForShutdown(save, force) !== null) {
      send({ type: 'cannot-stop' });
      return;
    }
    executor.halt();
    executor.stopping = true;
  };
  const info = new Info(server, sources);
  const limits = new OutputLimits(server);
  for (const channel of channels) channel.limits = limits;
  const held = new HeldByClients(server);
  const eviction = new ClientEviction(server);
  eviction.onEvicted = () => held.count();
  const cron = new Cron({ control, server, held, limits, eviction, ...watches });
  let brokenSeen = 0;
  const watch = new CommandWatch(server, control);
  watch.follow(config);
  const executor: Executor = new Executor({
    server,
    channels,
    hasher,
    doorbell: new Doorbell(control),
    blocked: server.blocking as BlockedClients,
    pause: server.pausing as Pause,
    tracking: server.tracking as ClientTracking,
    monitors: server.monitors as Monitors,
    limitClients: (call, command) => eviction.look(call, command),
    transactions: server.transactions as SessionTransactions,
    broker: server.pubsub as Broker,
    watch,
    receiveLarge: (worker) => receiveMessageOnPort(data.ports[worker])!.message as LargeMessage,
    readMail() {
      for (let mail = receiveMessageOnPort(data.mainPort); mail; mail = receiveMessageOnPort(data.mainPort)) {
        const message = mail.message as ToExecutor;
        if (message.type === 'stop') stop(message.save, message.force);
        else if (message.type === 'report') executor.reportFailure(message);
        else mainCalls.answer(message.id, message.answer);
      }
      onState();
    },
    cron() {
      Atomics.add(control, HEARTBEATS, 1);
      onCron?.(server.nowMs);
      cron.run(executor);
      persistence.cron();
    },
    countClients: () => held.countIfDue(),
    persist() {
      const broken = Atomics.load(control, LOG_BROKEN);
      if (broken !== brokenSeen) {
        brokenSeen = broken;
        persistence.onAofState();
      }
      fsyncs.look();
      return persistence.busy && persistence.run();
    },
    reportFailure: (failure) => {
      if (!config.bool('crash-log-enabled')) return;
      send({
        type: 'crash',
        report: crashReport(server, executor.call, executor.isInCommand, failure),
      });
    },
    spinLooksMax: Number(process.env.THREADIS_SPIN_LOOKS ?? 2048),
  });

  server.hotKeys.onSwitch = (isOn) => executor.observers.watchKeys(isOn);
  const watchEviction = () => {
    const isWatched = config.number('latency-monitor-threshold') > 0;
    server.keyspace.eviction.onTime = isWatched ? (event, us) => server.latency.add(event, us / 1000) : null;
  };
  watchEviction();
  config.onChange('latency-monitor-threshold', watchEviction);
  const readMaxMemory = () => {
    executor.dispatcher.setGate(GATE_MAXMEMORY, config.number('maxmemory') > 0);
  };
  readMaxMemory();
  config.onChange('maxmemory', () => {
    readMaxMemory();
    warnOfMemory(server);
  });
  const readClientLimit = () => {
    eviction.readSettings();
    executor.dispatcher.setGate(GATE_CLIENT_MEMORY, eviction.isOn);
  };
  readClientLimit();
  config.onChange(['maxmemory', 'maxmemory-clients'], readClientLimit);
  applyRenames(server);
  bindSettings(server.keyspace, server.config);
  followSettings(server, control, send);
  const readLogSettings = () => {
    logSettings.timestamps = config.bool('aof-timestamp-enabled');
    logSettings.together = config.string('appendfsync') === 'always';
    Atomics.store(control, LOG_ALWAYS, logSettings.together ? 1 : 0);
  };
  readLogSettings();
  config.onChange(['appendfsync', 'aof-timestamp-enabled'], readLogSettings);
  config.onChange(
    ['save', 'stop-writes-on-bgsave-error', 'appendonly', 'appendfsync', 'key-load-delay'],
    () => persistence.onSettings(),
  );
  const fullNames = server.table.byId.map(({ fullName }) => fullName);
  send({ type: 'ready', names: server.table.names(), fullNames });
  if (config.bool('appendonly')) persistence.loadAofAtStart();
  else if (data.snapshotBytes >= 0) persistence.loadAtStart(data.snapshotBytes);
  else send({ type: 'loaded', error: null });
  return executor;
}

function warnOfMemory({ config, keyspace, services }: Server): void {
  const limit = config.number('maxmemory');
  const used = keyspace.eviction.usedBytes;
  if (limit === 0 || used <= limit) return;
  services.log(
    'warning',
    `WARNING: the new maxmemory value set via CONFIG SET (${config.value('maxmemory')}) is smaller than the current memory usage (${used}). This will result in key eviction and/or the inability to accept new write commands depending on the maxmemory-policy.`,
  );
}

/** Ends this thread as soon as main knows that it is to end. */
function waitForStop(port: MessagePort): never {
  const word = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    const mail = receiveMessageOnPort(port);
    if (mail === null || mail === undefined) Atomics.wait(word, 0, 0, STOP_LOOK_MS);
    else if ((mail.message as ToExecutor).type === 'stop') process.exit(0);
  }
}

function buildServer(
  data: ExecutorData,
  config: Config,
  clock: SystemClock,
  hasher: SipHasher,
  services: Services,
  totals: () => Totals,
): Omit<Server, 'persistence'> {
  const table = new CommandTable(COMMANDS);
  const compat = config.compat;
  const random = new Prng(data.randomSeed);
  const keyspace = new Keyspace(hasher, config.number('databases'));
  keyspace.eviction.clockUs = () => clock.monotonicUs();
  keyspace.defrag.clockUs = () => clock.monotonicUs();
  const blocking = new BlockedClients(keyspace);
  const broker = new Broker(hasher);
  const changes = new Changes(keyspace, broker);
  const readEvents = () => changes.notify(config.string('notify-keyspace-events'));
  readEvents();
  config.onChange('notify-keyspace-events', readEvents);
  const sessions = new Map<number, Session>();
  const tracking = new ClientTracking({
    outbox: broker.outbox,
    sessions,
    random,
    onInterest: () => changes.listen(),
    hashOf: (bytes, start, end) => hasher.hash(bytes, start, end),
  });
  changes.tracking = tracking;
  const readKeysMax = () => {
    tracking.keysMax = config.number('tracking-table-max-keys');
    tracking.keepLimit();
  };
  readKeysMax();
  config.onChange('tracking-table-max-keys', readKeysMax);
  const transactions = new SessionTransactions(changes.watched, table);
  const readQueueLimit = () => {
    transactions.bytesMax = config.number('client-query-buffer-limit');
  };
  readQueueLimit();
  config.onChange('client-query-buffer-limit', readQueueLimit);
  return {
    clock,
    nowMs: clock.nowMs(),
    keyspace,
    config,
    table,
    stats: new Stats(table.byId.length),
    commandLogs: new CommandLogs(),
    hotKeys: new HotKeys(random, totals),
    latency: new LatencyEvents(() => clock.nowMs()),
    random,
    sessions,
    runId: data.runId,
    replicationId: data.replicationId,
    startMs: data.startMs,
    compat,
    is72: compat === '7.2',
    version: REDIS_VERSIONS[compat],
    pid: process.pid,
    host: data.facts,
    services,
    blocking,
    pausing: new Pause(() => clock.nowMs()),
    fsyncs: new FsyncWaits(new Int32Array(data.process.control), new Int32Array(data.log.control), blocking),
    tracking,
    monitors: new Monitors(broker.outbox, clock),
    transactions,
    pubsub: broker,
    activeExpireEnabled: true,
    cronPaused: false,
    checksumEnabled: true,
    loading: false,
  };
}

/** What has been spent since the start. */
function runningTotals({ stats }: Server, sources: InfoSources): Totals {
  const { cpuSystemUs, cpuUserUs } = sources.process();
  const { totalInputBytes, totalOutputBytes } = sources.network();
  return {
    commandUs: stats.commandUs,
    netBytes: totalInputBytes + totalOutputBytes,
    userUs: cpuUserUs,
    systemUs: cpuSystemUs,
  };
}

function buildServices(
  data: ExecutorData,
  send: (message: FromExecutor) => void,
  mainCalls: MainCalls,
  others: Pick<Services, 'aofBufferBytes' | 'info' | 'residentBytes' | 'resetStats' | 'shutdown'>,
): Services {
  const sleepOn = new Int32Array(new SharedArrayBuffer(4));
  return {
    ...others,
    log(level, message, waits = false) {
      if (!waits) {
        send({ type: 'log', level, message });
        return;
      }
      const written = new SharedArrayBuffer(4);
      send({ type: 'log', level, message, written });
      Atomics.wait(new Int32Array(written), 0, 0, LOG_WAIT_MS);
    },
    applyChange: (session, change, done) => mainCalls.applyChange(session, change, done),
    rewriteConfig: (session, whole, done) => mainCalls.rewriteConfig(session, whole, done),
    sleep: (ms) => void Atomics.wait(sleepOn, 0, 0, ms),
    release: (buffers) => data.bioPort.postMessage({ type: 'free', buffers }, buffers),
  };
}

function infoSources(data: ExecutorData, watches: Watches, executor: () => Executor): InfoSources {
  const figures = new Float64Array(data.figures);
  return {
    process: (): ProcessFigures => ({
      residentBytes: figures[PROCESS_RESIDENT],
      peakResidentBytes: figures[PROCESS_PEAK_RESIDENT],
      cpuUserUs: figures[PROCESS_CPU_USER_US],
      cpuSystemUs: figures[PROCESS_CPU_SYSTEM_US],
    }),
    heap: () => ({ ...watches.heap.figures(), stallMaxMs: executor().figures.stallMaxUs / 1000 }),
    threads: () => watches.threads.rows(executor()),
    network: () => watches.network.figures(),
    loop: () => executor().figures.loop(),
    peaks: () => watches.peaks,
    executorCpu: () => threadCpu(new Int32Array(data.process.control)[THREAD_IDS]),
  };
}

function resetStats(server: Server, executor: Executor, watches: Watches): void {
  const { keyspace, stats } = server;
  stats.reset();
  stats.lazyFreedBefore = keyspace.lazyFree.freed;
  stats.fsyncsDelayedBefore = server.persistence.figures().aof.fsyncsDelayed;
  keyspace.hits = 0;
  keyspace.misses = 0;
  keyspace.expired = 0;
  keyspace.evicted = 0;
  keyspace.eviction.resetStats();
  keyspace.defrag.resetStats();
  executor.figures.reset();
  watches.network.reset();
  watches.heap.reset();
}

/** The loader has refused what cannot be: a name that is still wrong here is a command that is new to it. */
function applyRenames({ config, services, table }: Server): void {
  for (const [from, to] of config.words.renames) {
    const error = table.rename(from, to);
    if (error !== null) services.log('warning', `rename-command ${from}: ${error}`);
  }
}
