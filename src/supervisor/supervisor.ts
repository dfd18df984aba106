/**
 * The main thread: builds the shared memory, starts the workers, and watches them. It never touches data.
 *
 *   start   executor and io workers boot side by side; when the executor has sent the command names, main binds the
 *           addresses and tells the io workers to listen; then `Ready to accept connections`. Bio starts when there is something to
 *           load, and else last: on two cores a third thread would hold the others up
 *   stop    a signal or SHUTDOWN: executor first (it finishes what it has begun), then the process exits with 0. A second
 *           signal does not wait
 *   death   any worker's error or exit that was not asked for is logged with its stack and ends the process with 1
 *   watch   a worker whose heartbeat stands still is reported (heartbeats.ts)
 */
import { randomBytes } from 'node:crypto';
import { existsSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import v8 from 'node:v8';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Config } from '../config/config.ts';
import type { Value } from '../config/directive.ts';
import { fromBytesText } from '../config/words.ts';
import { ownThreadId } from '../observability/thread-cpu.ts';
import { LogFile, writeOutLog } from '../persistence/aof/log-file.ts';
import type { CommandName } from '../resp/command-names.ts';
import { type ChannelMemory, createChannelMemory, createProcessMemory } from '../ring/channel.ts';
import { announceMail } from '../ring/doorbell.ts';
import {
  BEAT_MS,
  EXECUTOR_ARGUMENTS,
  EXECUTOR_COMMAND,
  EXECUTOR_SIZE,
  FIGURE_BUSY_US,
  FIGURE_HEAP_KB,
  MAIN_FIGURES,
  MAIN_THREAD_ID,
} from '../ring/layout.ts';
import { createLogMemory } from '../ring/log-ring.ts';
import {
  type BioData,
  type ExecutorData,
  type FromBioToMain,
  type FromExecutor,
  type HostFacts,
  type IoData,
  type Listener,
  type LogMessage,
  PROCESS_CPU_SYSTEM_US,
  PROCESS_CPU_USER_US,
  PROCESS_FIGURES,
  PROCESS_PEAK_RESIDENT,
  PROCESS_RESIDENT,
  type ToExecutor,
} from '../ring/messages.ts';
import { AsyncCalls } from './async-calls.ts';
import type { ThreadKind } from './fault.ts';
import { Heartbeats } from './heartbeats.ts';
import { IoGroup } from './io-group.ts';
import { applyUnixMode, type ListenPlan, planTcp, planUnix } from './listeners.ts';
import type { ServerLog } from './log.ts';
import { OomScore } from './oom-score.ts';
import { setProcessTitle } from './process-title.ts';
import { announceListening } from './start-up.ts';
import { threadLimits } from './thread-limits.ts';

/** How long a shutdown waits for the executor to finish a command. */
const STOP_WAIT_MS = 6_000;
/** How long the executor has for its report of another thread's failure. */
const REPORT_WAIT_MS = 1_000;
const EXIT_FATAL = 1;

type Transferable = MessagePort | ArrayBuffer;

export interface SupervisorOptions {
  config: Config;
  configFile: string | null;
  log: ServerLog;
  /** Waits for its data: see executor-thread.ts. */
  executorThread: Worker;
  /** The bundles of the other workers. */
  workerFile: (kind: ThreadKind) => string;
  startMs: number;
  executable: string;
  /** Called once all threads run their own code. */
  onThreadsUp: () => void;
}

export class Supervisor {
  private readonly options: SupervisorOptions;
  private readonly config: Config;
  private readonly log: ServerLog;
  private readonly memory = createProcessMemory();
  private readonly control = new Int32Array(this.memory.control);
  private readonly figuresMemory = new SharedArrayBuffer(PROCESS_FIGURES * 8);
  private readonly figures = new Float64Array(this.figuresMemory);
  private readonly channels: ChannelMemory[] = [];
  private readonly logMemory = createLogMemory();
  private readonly logFileMemory = LogFile.memory();
  private readonly mainChannel = new MessageChannel();
  /** Between the executor and bio. */
  private readonly bioChannel = new MessageChannel();
  private readonly ioGroup: IoGroup;
  private readonly asyncCalls: AsyncCalls;
  private readonly oomScore = new OomScore();
  private executor: Worker | null = null;
  private unix: Listener | null = null;
  private stopping = false;
  private crashing = false;
  /** Names of commands by id, once the executor has told them. */
  private fullNames: readonly string[] = [];
  private stopTimer: NodeJS.Timeout | undefined;
  private bioStarted = false;
  private onceUp: () => void = () => {};
  private readonly threadsUp = new Promise<void>((resolve) => {
    this.onceUp = resolve;
  });
  private isListening = false;
  private onceLoaded: () => void = () => {};
  private readonly loaded = new Promise<void>((resolve) => {
    this.onceLoaded = resolve;
  });
  /** Why the data could not be loaded: the last word, behind what is said of the start. */
  private loadError: string | null = null;
  private isLoaded = false;

  constructor(options: SupervisorOptions) {
    this.options = options;
    this.config = options.config;
    this.log = options.log;
    this.ioGroup = new IoGroup(({ level, message }) => this.log.write(level, message));
    void this.threadsUp.then(options.onThreadsUp);
    this.asyncCalls = new AsyncCalls({
      configFile: options.configFile,
      log: this.log,
      relisten: (bind, port, backlog) => this.relisten(bind, port, backlog),
      setOomScore: (mode, scores) => this.setOomScore(mode, scores),
      setTitle: (template) => this.setTitle(template),
    });
  }

  start(): void {
    process.on('uncaughtException', (error) =>
      this.crash('main', `Main thread failed: ${error.stack ?? error}`),
    );
    this.setOomScore(this.config.string('oom-score-adj'), this.config.string('oom-score-adj-values'));
    const count = this.config.number('io-threads');
    const shares = this.sharesThread();
    for (let i = 0; i < count; i++) this.channels.push(createChannelMemory(i > 0 || !shares));
    const seed = randomBytes(8);
    const hashSeed: [number, number] = [seed.readInt32LE(0), seed.readInt32LE(4)];
    const largeChannels = this.channels.map(() => new MessageChannel());
    this.mainChannel.port1.on('message', (message: FromExecutor) => this.onExecutor(message));
    const largePorts = largeChannels.map((channel) => channel.port2);
    const io = this.channels.map((channel, index): IoData => {
      const { port1: port } = largeChannels[index];
      return {
        index,
        log: this.logMemory.control,
        process: this.memory,
        channel,
        port,
        hashSeed,
        waitUs: waitUs(),
      };
    });
    const guest = shares ? io.shift()! : null;
    this.startExecutor(hashSeed, largePorts, guest);
    for (const data of io) this.ioGroup.add(this.spawn('io', `io-${data.index}`, data, [data.port]));
    this.readProcessFigures();
    this.watch();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.onSignal(signal));
    process.on('SIGHUP', () => {});
    process.on('SIGABRT', () => this.crash('main', 'crashed by signal: SIGABRT'));
  }

  // --- workers ------------------------------------------------------------------------------------

  /** Whether the first io worker lives on the executor's thread: ../executor/guest.ts says what for. */
  private sharesThread(): boolean {
    const choice = this.config.string('executor-thread');
    return choice === 'auto' ? this.config.number('io-threads') === 1 : choice === 'shared';
  }

  private startExecutor(hashSeed: [number, number], ports: MessagePort[], io: IoData | null): void {
    const bioPort = this.bioChannel.port1;
    const data: ExecutorData = {
      process: this.memory,
      figures: this.figuresMemory,
      channels: this.channels,
      ports,
      mainPort: this.mainChannel.port2,
      bioPort,
      config: this.config.snapshot(),
      hashSeed,
      randomSeed: randomBytes(4).readUInt32LE(0),
      runId: randomBytes(20).toString('hex'),
      replicationId: randomBytes(20).toString('hex'),
      facts: this.facts(),
      startMs: this.options.startMs,
      log: this.logMemory,
      snapshotBytes: snapshotBytes(fromBytesText(this.config.string('dbfilename'))),
      io,
    };
    const transfer: Transferable[] = [this.mainChannel.port2, bioPort, ...ports];
    if (io !== null) transfer.push(io.port, ...(Object.values(io.channel) as ArrayBuffer[]));
    const executor = this.options.executorThread;
    this.watchOver(executor, 'executor', 'executor');
    executor.ref();
    executor.postMessage(data, transfer);
    this.executor = executor;
    if (io !== null) this.ioGroup.add(executor);
  }

  private startBio(): void {
    this.bioStarted = true;
    const executorPort = this.bioChannel.port2;
    const shared = this.channels.map(({ control }) =>
      control instanceof SharedArrayBuffer ? control : null,
    );
    const data: BioData = {
      process: this.memory,
      log: this.logMemory,
      logFile: this.logFileMemory,
      channels: shared,
      executorPort,
    };
    const bio = this.spawn('bio', 'bio', data, [executorPort]);
    bio.once('online', this.onceUp);
    bio.on('message', (message: FromBioToMain) => {
      if (message.type === 'fatal') this.fatal(message.message);
      else if (message.type === 'failed') this.crash(message.thread, message.message);
      else this.log.write(message.level, message.message);
    });
  }

  private spawn(kind: ThreadKind, name: string, workerData: unknown, transferList: Transferable[]): Worker {
    const worker = new Worker(this.options.workerFile(kind), {
      workerData,
      transferList,
      name,
      resourceLimits: threadLimits(kind),
      // The io worker beside the executor may be writing to bio's file when bio dies: its number must not become another file's.
      trackUnmanagedFds: kind !== 'bio',
    });
    this.watchOver(worker, kind, name);
    return worker;
  }

  private watchOver(worker: Worker, kind: ThreadKind, name: string): void {
    worker.on('error', (error) => {
      if (kind === 'bio') this.writeOutLog();
      this.crash(name, `Thread ${name} failed: ${error?.stack ?? error}`);
    });
    this.onExit(worker, name);
  }

  private onExit(worker: Worker, name: string): void {
    worker.on('exit', (code) => {
      if (name === 'bio') this.writeOutLog();
      if (!this.stopping) this.crash(name, `Thread ${name} ended unexpectedly with code ${code}`);
    });
  }

  /** Bio is dead: what it has not written of the log is in shared memory still. */
  private writeOutLog(): void {
    try {
      const size = writeOutLog(this.logMemory, new LogFile(this.logFileMemory));
      if (size > 0)
        this.log.write('warning', `${size} bytes of the append only file were written by the main thread`);
    } catch (error) {
      this.log.write('warning', `The rest of the log could not be written: ${(error as Error).message}`);
    }
  }

  /**
   * A thread has failed: logs why and ends the process, with a report of the executor in between if it can still give one. Nobody's reply is lost
   * by that: what the executor does meanwhile tells nobody.
   */
  private crash(thread: string, message: string): void {
    if (this.crashing) return;
    this.crashing = true;
    this.stopping = true;
    this.log.write('warning', message);
    if (thread === 'executor' || !this.config.bool('crash-log-enabled')) {
      this.endCrash();
      return;
    }
    this.toExecutor({ type: 'report', thread, stack: message });
    setTimeout(() => this.endCrash(), REPORT_WAIT_MS);
  }

  /** Writes what reports there are, and what the executor was doing if there is none. */
  private endCrash(): never {
    const reports: string[] = [];
    for (let mail = receiveMessageOnPort(this.mainChannel.port1); mail; ) {
      const message = mail.message as FromExecutor;
      if (message.type === 'crash') reports.push(message.report);
      mail = receiveMessageOnPort(this.mainChannel.port1);
    }
    const running = this.runningCommand();
    if (reports.length === 0 && running !== '') reports.push(`The executor was running ${running}`);
    for (const report of reports) this.log.write('warning', report);
    process.exit(EXIT_FATAL);
  }

  /** What the executor runs, as far as it shows in shared memory; '' for nothing. */
  private runningCommand(): string {
    const id = this.control[EXECUTOR_COMMAND] - 1;
    if (id < 0) return '';
    const { control } = this;
    return `command '${this.fullNames[id] ?? id}' with ${control[EXECUTOR_ARGUMENTS]} arguments of ${control[EXECUTOR_SIZE]} bytes`;
  }

  /** Logs and ends the process: with one thread gone, nothing that is left can be trusted. */
  private fatal(message: string): never {
    this.stopping = true;
    this.log.write('warning', message);
    process.exit(EXIT_FATAL);
  }

  private facts(): HostFacts {
    return {
      executable: this.options.executable,
      configFile: this.options.configFile ?? '',
      os: `${os.type()} ${os.release()} ${os.machine()}`,
      nodeVersion: process.version,
      arch: 64,
      totalMemory: os.totalmem(),
      ioThreads: this.channels.length,
      sharedThread: this.sharesThread(),
      cores: os.availableParallelism(),
    };
  }

  // --- messages -----------------------------------------------------------------------------------

  private onExecutor(message: FromExecutor): void {
    if (message.type === 'log') this.writeLog(message);
    else if (message.type === 'setting') this.follow(message.name, message.value);
    else if (message.type === 'ready') {
      this.fullNames = message.fullNames;
      if (this.config.bool('appendonly') || this.hasData()) this.startBio();
      void this.listen(message.names);
    } else if (message.type === 'crash') this.onReport(message.report);
    else if (message.type === 'loaded') this.onLoaded(message.error);
    else if (message.type === 'saving') clearTimeout(this.stopTimer);
    else if (message.type === 'cannot-stop') this.goOn();
    else if (message.type === 'shutdown') this.stop('no', true);
    else {
      void this.answer(message.id, message.kind, message.data);
    }
  }

  /** CONFIG SET has changed a directive that main acts on. */
  private follow(name: string, value: Value): void {
    this.config.assign(name, value);
    if (name === 'loglevel') this.log.setLevel(String(value));
  }

  /** Not before all threads run: one that is just starting would not survive that its working directory is changed for one that goes away. */
  private async answer(id: number, kind: string, data: unknown): Promise<void> {
    await this.threadsUp;
    this.toExecutor({ type: 'answer', id, answer: await this.asyncCalls.answer(kind, data) });
  }

  /** The executor has failed, or was asked because another thread has. */
  private onReport(report: string): void {
    this.log.write('warning', report);
    if (this.crashing) process.exit(EXIT_FATAL);
  }

  private toExecutor(message: ToExecutor): void {
    this.mainChannel.port1.postMessage(message);
    announceMail(this.control);
  }

  private writeLog({ level, message, written }: LogMessage): void {
    this.log.write(level, message);
    if (written === undefined) return;
    const word = new Int32Array(written);
    Atomics.store(word, 0, 1);
    Atomics.notify(word, 0);
  }

  // --- listening ----------------------------------------------------------------------------------

  /** The start: every address that cannot be had is a reason not to run. */
  private async listen(names: CommandName[]): Promise<void> {
    const { config } = this;
    const backlog = config.number('tcp-backlog');
    const unixPath = fromBytesText(config.string('unixsocket'));
    const port = config.number('port');
    const plan = await planTcp(config.list('bind'), port, backlog);
    for (const note of plan.notes) this.log.write('warning', note);
    if (plan.error !== null) this.fatal(plan.error);
    if (unixPath !== '') this.unix = planUnix(unixPath, backlog);
    const listeners = this.withUnix(plan.listeners);
    if (listeners.length === 0) this.fatal('Configured to not listen anywhere, exiting.');
    this.ioGroup.start(names);
    const error = await this.ioGroup.listen(listeners);
    if (error !== null) this.fatal(`Failed listening on port ${port} (TCP), aborting: ${error}`);
    // With nothing to load nobody is told to come again; there may be a file to be made first.
    if (!this.hasData()) await this.loaded;
    announceListening(this.log, config);
    this.isListening = true;
    this.readyIfLoaded();
  }

  /** Whether there is anything to load. */
  private hasData(): boolean {
    const { config } = this;
    const path = (name: string) => fromBytesText(config.string(name));
    if (!config.bool('appendonly')) return snapshotBytes(path('dbfilename')) >= 0;
    const file = path('appendfilename');
    return existsSync(`${path('appenddirname')}/${file}.manifest`) || existsSync(file);
  }

  private onLoaded(error: string | null): void {
    this.loadError = error;
    this.isLoaded = true;
    this.onceLoaded();
    this.readyIfLoaded();
  }

  private readyIfLoaded(): void {
    if (!this.isListening || !this.isLoaded) return;
    if (this.loadError !== null) this.fatal(this.loadError);
    this.ready();
  }

  /** CONFIG SET port, bind: if any address cannot be had, all stays as it is. */
  private async relisten(bind: string, port: number, backlog: number): Promise<ListenPlan> {
    const words = bind === '' ? [] : bind.split(' ');
    const plan = await planTcp(words, port, backlog, port === this.config.number('port'));
    if (plan.error !== null) return plan;
    const error = await this.ioGroup.listen(this.withUnix(plan.listeners));
    if (error === null) {
      this.config.assign('bind', bind);
      this.config.assign('port', BigInt(port));
    } else plan.notes.push(`Warning: Could not create server TCP listening socket: ${error}`);
    return { ...plan, error };
  }

  /** Sets the title, by a new template unless that is null: where the server listens may have changed, too. */
  private setTitle(template: string | null): void {
    if (template !== null) this.config.assign('proc-title-template', template);
    // A new template is a wish for a title, whatever set-proc-title says: so it is in Redis.
    else if (!this.config.bool('set-proc-title')) return;
    setProcessTitle(this.config, this.options.executable, this.options.configFile);
  }

  /** False if the system refuses: the log says why. */
  private setOomScore(mode: string, scores: string): boolean {
    const why = this.oomScore.set(mode, scores);
    if (why !== null) this.log.write('warning', `Unable to write oom_score_adj: ${why}`);
    return why === null;
  }

  private withUnix(listeners: Listener[]): Listener[] {
    return this.unix === null ? listeners : [...listeners, this.unix];
  }

  private ready(): void {
    const path = this.unix?.path;
    if (path !== undefined) {
      applyUnixMode(path, this.config.number('unixsocketperm'));
      this.log.write('notice', `The server is now ready to accept connections at ${path}`);
    }
    this.writePidFile(fromBytesText(this.config.string('pidfile')));
    this.setTitle(null);
    this.log.write('notice', 'Ready to accept connections');
    if (!this.bioStarted) this.startBio();
  }

  private writePidFile(path: string): void {
    if (path === '') return;
    try {
      writeFileSync(path, `${process.pid}\n`);
    } catch (error) {
      this.log.write('warning', `Failed to write PID file: ${(error as Error).message}`);
    }
  }

  // --- stopping -----------------------------------------------------------------------------------

  private onSignal(signal: string): void {
    if (this.stopping) this.leave();
    this.log.write('warning', `Received ${signal} scheduling shutdown...`);
    const flags = this.config
      .string(signal === 'SIGTERM' ? 'shutdown-on-sigterm' : 'shutdown-on-sigint')
      .split(' ');
    const save = flags.includes('save') ? 'yes' : flags.includes('nosave') ? 'no' : 'points';
    this.stop(save, flags.includes('force'));
  }

  /** At once, whatever is under way: of a save only the temporary file would be left. */
  private leave(): never {
    this.log.write('warning', 'You insist... exiting now.');
    try {
      unlinkSync(`temp-${process.pid}.rdb`);
    } catch {
      // Nothing was being saved.
    }
    process.exit(EXIT_FATAL);
  }

  /** The executor could not save what was to be saved, and nobody said that it does not matter. */
  private goOn(): void {
    this.stopping = false;
    this.executor!.removeAllListeners('exit');
    this.onExit(this.executor!, 'executor');
    this.log.write('warning', 'Errors trying to shut down the server. Check the logs for more information.');
  }

  /** Lets the executor finish, then exits with 0. */
  private stop(save: 'yes' | 'no' | 'points', force: boolean): void {
    if (this.stopping) return;
    this.stopping = true;
    this.log.write('warning', 'User requested shutdown...');
    this.toExecutor({ type: 'stop', save, force });
    const done = () => {
      this.removeFiles();
      this.log.write('warning', 'Redis is now ready to exit, bye bye...');
      process.exit(0);
    };
    this.executor!.once('exit', done);
    // An executor inside a long command cannot hear us; nothing it holds is lost that was promised.
    this.stopTimer = setTimeout(done, STOP_WAIT_MS);
  }

  private removeFiles(): void {
    this.removeFile(fromBytesText(this.config.string('pidfile')), 'Removing the pid file.');
    this.removeFile(this.unix?.path ?? '', 'Removing the unix socket file.');
  }

  private removeFile(path: string, message: string): void {
    if (path === '') return;
    this.log.write('notice', message);
    try {
      unlinkSync(path);
    } catch {
      // Gone already.
    }
  }

  // --- watching -----------------------------------------------------------------------------------

  private watch(): void {
    const names = ['executor', 'bio', ...this.channels.map((_, i) => `io-${i}`)];
    const beats = new Heartbeats(
      this.control,
      names,
      (level, message) => this.log.write(level, message),
      (name) => (name === 'executor' ? this.runningCommand() : ''),
    );
    this.control[MAIN_THREAD_ID] = ownThreadId();
    setInterval(() => {
      this.readProcessFigures();
      this.tellOwnFigures();
      beats.look(BEAT_MS);
    }, BEAT_MS);
  }

  /** For INFO threads. */
  private tellOwnFigures(): void {
    this.control[MAIN_FIGURES + FIGURE_BUSY_US] = performance.eventLoopUtilization().active * 1000;
    this.control[MAIN_FIGURES + FIGURE_HEAP_KB] = v8.getHeapStatistics().used_heap_size >>> 10;
  }

  private readProcessFigures(): void {
    const { figures } = this;
    const resident = process.memoryUsage.rss();
    const cpu = process.cpuUsage();
    figures[PROCESS_RESIDENT] = resident;
    figures[PROCESS_PEAK_RESIDENT] = Math.max(figures[PROCESS_PEAK_RESIDENT], resident);
    figures[PROCESS_CPU_USER_US] = cpu.user;
    figures[PROCESS_CPU_SYSTEM_US] = cpu.system;
  }
}

/** Bytes of the snapshot to load; -1 when there is none. */
function snapshotBytes(path: string): number {
  if (path === '') return -1;
  return statSync(path, { throwIfNoEntry: false })?.size ?? -1;
}

/** How long an io worker waits in place for replies: see docs/performance.md. */
function waitUs(): number {
  return Number(process.env.THREADIS_WAIT_US ?? 100);
}
