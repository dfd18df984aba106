/**
 * The main thread: builds the shared memory, starts the workers, and watches them. It never touches data.
 *
 *   start   executor, bio and io workers boot side by side; when the executor has sent the command names, main binds the
 *           addresses and tells the io workers to listen; then `Ready to accept connections`
 *   stop    a signal or SHUTDOWN: executor first (it finishes what it has begun), then the process exits 0
 *   death   any worker's error or exit that was not asked for is logged with its stack and ends the process
 *   watch   a worker whose heartbeat stands still is reported, not killed: a long command is not a fault
 */
import { randomBytes } from 'node:crypto';
import { unlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { HostFacts } from '../commands/server.ts';
import type { Config } from '../config/config.ts';
import { type ChannelMemory, createChannelMemory, createProcessMemory } from '../ring/channel.ts';
import { announceMail } from '../ring/doorbell.ts';
import { HEARTBEATS } from '../ring/layout.ts';
import { AsyncCalls } from './async-calls.ts';
import { applyUnixMode, planTcp, planUnix } from './listeners.ts';
import type { ServerLog } from './log.ts';
import {
  type BioData,
  type ExecutorData,
  type FromExecutor,
  type FromIo,
  type IoData,
  type Listener,
  PROCESS_CPU_SYSTEM_US,
  PROCESS_CPU_USER_US,
  PROCESS_FIGURES,
  PROCESS_PEAK_RESIDENT,
  PROCESS_RESIDENT,
  type ToExecutor,
  type ToIo,
} from './messages.ts';

const TICK_MS = 100;
/** Ticks without a heartbeat before a thread is reported as busy. */
const SILENT_TICKS = 20;
const EXIT_FATAL = 1;

/** Heartbeat slots: executor 0, bio 1, io workers from 2. */
const BEAT_EXECUTOR = 0;
const BEAT_BIO = 1;
const BEAT_IO = 2;

export interface SupervisorOptions {
  config: Config;
  configFile: string | null;
  log: ServerLog;
  /** Where the bundles of the workers are. */
  workerUrl: (kind: 'io' | 'executor' | 'bio') => URL;
  startMs: number;
  executable: string;
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
  private readonly mainChannel = new MessageChannel();
  private readonly workers: Worker[] = [];
  private readonly ioWorkers: Worker[] = [];
  private readonly asyncCalls: AsyncCalls;
  private readonly beatsSeen: number[] = [];
  private readonly silentTicks: number[] = [];
  private readonly names: string[] = ['executor', 'bio'];
  private stopping = false;
  private listening = 0;
  private unixPath = '';

  constructor(options: SupervisorOptions) {
    this.options = options;
    this.config = options.config;
    this.log = options.log;
    this.asyncCalls = new AsyncCalls({
      config: this.config,
      configFile: options.configFile,
      log: this.log,
      relisten: (listeners) => this.relisten(listeners),
    });
  }

  start(): void {
    const count = this.config.number('io-threads');
    for (let i = 0; i < count; i++) this.channels.push(createChannelMemory());
    const seed = randomBytes(8);
    const hashSeed: [number, number] = [seed.readInt32LE(0), seed.readInt32LE(4)];
    const bioChannel = new MessageChannel();
    const largeChannels = this.channels.map(() => new MessageChannel());
    this.mainChannel.port1.on('message', (message: FromExecutor) => this.onExecutor(message));
    this.startExecutor(
      hashSeed,
      bioChannel.port1,
      largeChannels.map((channel) => channel.port2),
    );
    this.startBio(bioChannel.port2);
    this.channels.forEach((channel, i) => this.startIo(i, channel, largeChannels[i].port1, hashSeed));
    setInterval(() => this.tick(), TICK_MS);
    this.readProcessFigures();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.onSignal(signal));
    process.on('SIGHUP', () => {});
  }

  // --- workers ------------------------------------------------------------------------------------

  private startExecutor(
    hashSeed: [number, number],
    bioPort: MessageChannel['port1'],
    ports: MessageChannel['port1'][],
  ): void {
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
    };
    this.spawn('executor', 'executor', data, [this.mainChannel.port2, bioPort, ...ports]);
  }

  private startBio(executorPort: MessageChannel['port1']): void {
    const data: BioData = { process: this.memory, executorPort };
    this.spawn('bio', 'bio', data, [executorPort]);
  }

  private startIo(
    index: number,
    channel: ChannelMemory,
    port: MessageChannel['port1'],
    hashSeed: [number, number],
  ): void {
    const data: IoData = { index, process: this.memory, channel, port, hashSeed, waitUs: this.waitUs() };
    const worker = this.spawn('io', `io-${index}`, data, [port]);
    this.names.push(`io-${index}`);
    this.ioWorkers.push(worker);
    worker.on('message', (message: FromIo) => this.onIo(message));
  }

  /** How long an io worker waits in place for replies: see docs/performance.md. */
  private waitUs(): number {
    return Number(process.env.THREADIS_WAIT_US ?? 100);
  }

  private spawn(
    kind: 'io' | 'executor' | 'bio',
    name: string,
    workerData: unknown,
    transferList: MessageChannel['port1'][],
  ): Worker {
    const worker = new Worker(this.options.workerUrl(kind), { workerData, transferList, name });
    worker.on('error', (error) => this.fatal(`Thread ${name} failed: ${error.stack ?? error}`));
    worker.on('exit', (code) => {
      if (!this.stopping) this.fatal(`Thread ${name} ended unexpectedly with code ${code}`);
    });
    this.workers.push(worker);
    return worker;
  }

  /** Logs and ends the process: with one thread gone, nothing that is left can be trusted. */
  private fatal(message: string): void {
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
      cores: os.availableParallelism(),
    };
  }

  // --- messages -----------------------------------------------------------------------------------

  private onExecutor(message: FromExecutor): void {
    if (message.type === 'log') this.log.write(message.level, message.message);
    else if (message.type === 'log-level') this.log.setLevel(message.level);
    else if (message.type === 'ready') void this.listen(message.names);
    else if (message.type === 'shutdown') this.stop();
    else if (message.type === 'ask') {
      void this.asyncCalls.answer(message.kind, message.data).then((answer) => {
        this.toExecutor({ type: 'answer', id: message.id, answer });
      });
    }
  }

  private toExecutor(message: ToExecutor): void {
    this.mainChannel.port1.postMessage(message);
    announceMail(this.control);
  }

  private onIo(message: FromIo): void {
    if (message.type === 'log') this.log.write(message.level, message.message);
    else if (message.type === 'failed') this.fatal(message.reason);
    else if (++this.listening === this.ioWorkers.length) this.ready();
  }

  // --- listening ----------------------------------------------------------------------------------

  private async listen(
    names: ToIo extends infer M ? (M extends { names: infer N } ? N : never) : never,
  ): Promise<void> {
    const { config } = this;
    const backlog = config.number('tcp-backlog');
    const plan = await planTcp(config.list('bind'), config.number('port'), backlog);
    for (const note of plan.notes) this.log.write('warning', note);
    if (plan.error !== null) this.fatal(plan.error);
    const listeners = plan.listeners;
    this.unixPath = config.string('unixsocket');
    if (this.unixPath !== '') listeners.push(planUnix(this.unixPath, backlog));
    if (listeners.length === 0) this.fatal('Configured to not listen anywhere, exiting.');
    this.log.write('notice', 'Server initialized');
    for (const worker of this.ioWorkers)
      worker.postMessage({ type: 'listen', names, listeners } satisfies ToIo);
  }

  private relisten(listeners: Listener[]): void {
    for (const worker of this.ioWorkers) worker.postMessage({ type: 'relisten', listeners } satisfies ToIo);
  }

  private ready(): void {
    if (this.unixPath !== '') applyUnixMode(this.unixPath, this.config.number('unixsocketperm'));
    const pidFile = this.config.string('pidfile');
    if (pidFile !== '') this.writePidFile(pidFile);
    if (this.unixPath !== '') {
      this.log.write('notice', `The server is now ready to accept connections at ${this.unixPath}`);
    }
    this.log.write('notice', 'Ready to accept connections');
  }

  private writePidFile(path: string): void {
    try {
      writeFileSync(path, `${process.pid}\n`);
    } catch (error) {
      this.log.write('warning', `Failed to write PID file: ${(error as Error).message}`);
    }
  }

  // --- stopping -----------------------------------------------------------------------------------

  private onSignal(signal: string): void {
    if (this.stopping) process.exit(EXIT_FATAL);
    this.log.write('warning', `Received ${signal} scheduling shutdown...`);
    this.stop();
  }

  /** Lets the executor finish, then exits with 0. */
  private stop(): void {
    if (this.stopping) return;
    this.stopping = true;
    this.log.write('warning', 'User requested shutdown...');
    this.toExecutor({ type: 'stop' });
    const done = () => {
      this.removeFiles();
      this.log.write('warning', 'Redis is now ready to exit, bye bye...');
      process.exit(0);
    };
    this.workers[0].once('exit', done);
    // An executor inside a long command cannot hear us; nothing it holds is lost that was promised.
    setTimeout(done, 8000);
  }

  private removeFiles(): void {
    for (const path of [this.config.string('pidfile'), this.unixPath]) {
      if (path === '') continue;
      try {
        this.log.write(
          'notice',
          `Removing ${path === this.unixPath ? 'the unix socket file' : 'the pid file'}.`,
        );
        unlinkSync(path);
      } catch {
        // Gone already.
      }
    }
  }

  // --- watching -----------------------------------------------------------------------------------

  private tick(): void {
    this.readProcessFigures();
    for (let i = 0; i < BEAT_IO + this.ioWorkers.length; i++) this.checkBeat(i);
  }

  private checkBeat(index: number): void {
    const beat = Atomics.load(this.control, HEARTBEATS + index);
    if (beat !== this.beatsSeen[index]) {
      if ((this.silentTicks[index] ?? 0) >= SILENT_TICKS) {
        this.log.write('notice', `Thread ${this.nameOf(index)} answers again`);
      }
      this.beatsSeen[index] = beat;
      this.silentTicks[index] = 0;
      return;
    }
    this.silentTicks[index] = (this.silentTicks[index] ?? 0) + 1;
    if (this.silentTicks[index] === SILENT_TICKS) {
      this.log.write(
        'warning',
        `Thread ${this.nameOf(index)} has been busy for ${(SILENT_TICKS * TICK_MS) / 1000} seconds`,
      );
    }
  }

  private nameOf(index: number): string {
    if (index === BEAT_EXECUTOR) return 'executor';
    return index === BEAT_BIO ? 'bio' : `io-${index - BEAT_IO}`;
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
