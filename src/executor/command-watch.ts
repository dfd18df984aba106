/**
 * What is remarkable about commands: they take long, their request or their reply is large. Entries go to the command logs, spikes to the latency monitor, and
 * whoever holds the executor for a second is named in the server's log.
 *
 * The executor measures runs of equal commands (see its header), so that a GET does not pay for a clock reading. Which commands are runs
 * by themselves says `alone`: all that are not O(1), and all commands when a threshold is so low that an ordinary command may pass it.
 * A run of several commands that took too long is put down to one of them: what it took beyond the usual time of the others.
 */
import {
  type CommandLogs,
  type CommandSight,
  LARGE_REPLY,
  LARGE_REQUEST,
  requestBytes,
  SLOW,
  trimmedArguments,
} from '../commands/command-logs.ts';
import { BLOCKING, type Command, FAST, SKIP_SLOWLOG } from '../commands/define.ts';
import type { Server } from '../commands/server.ts';
import type { Session } from '../commands/session.ts';
import type { Config } from '../config/config.ts';
import {
  EXECUTOR_ARGUMENTS,
  EXECUTOR_COMMAND,
  EXECUTOR_SIZE,
  REPLY_BYTES,
  REQUEST_BYTES_LARGE,
} from '../ring/layout.ts';

/** Why a command is looked at again when it has run: it is measured by itself; its request came outside the ring; its reply overflowed. */
export const LOOK_TIME = 1;
export const LOOK_REQUEST = 2;
export const LOOK_REPLY = 4;
/** Below this a run of O(1) commands passes the threshold though none of them does. */
const EACH_BELOW_US = 1000;
/** A command that holds the executor so long is named in the log. */
const HELD_US = 1e6;
/** Redis has no FAST on them, but they take no longer than what has it. */
const QUICK = new Set(['set', 'setex', 'psetex']);

/** Directives that readSettings() looks at. */
const SETTINGS = [
  'slowlog-log-slower-than',
  'slowlog-max-len',
  'commandlog-request-larger-than',
  'commandlog-large-request-max-len',
  'commandlog-reply-larger-than',
  'commandlog-large-reply-max-len',
  'latency-monitor-threshold',
  'latency-tracking',
];

type WatchedServer = Pick<Server, 'commandLogs' | 'latency' | 'nowMs' | 'services' | 'stats' | 'table'>;

export class CommandWatch implements CommandSight {
  /** By command id: LOOK_TIME for those that are measured by themselves, else 0. */
  readonly alone: Uint8Array;
  /** From so many microseconds on a run is looked at. */
  noteUs = HELD_US;
  /** The first command of the run under way. Its memory is good until the run ends. */
  bytes: Uint8Array = new Uint8Array(0);
  spans: Int32Array = new Int32Array(0);
  base = 0;
  argc = 0;
  command!: Command;
  session!: Session;
  private readonly server: WatchedServer;
  private readonly logs: CommandLogs;
  /** The process's control words, where main sees what runs. */
  private readonly control: Int32Array;

  constructor(server: WatchedServer, control: Int32Array) {
    this.server = server;
    this.logs = server.commandLogs;
    this.control = control;
    this.alone = new Uint8Array(server.table.byId.length);
    this.chooseAlone(false);
  }

  /** Goes by the directives now and whenever they change. */
  follow(config: Config): void {
    const read = () => this.readSettings(config);
    read();
    config.onChange(SETTINGS, read);
  }

  readSettings(config: Pick<Config, 'bool' | 'number'>): void {
    const { latency, stats } = this.server;
    const slowUs = config.number('slowlog-log-slower-than');
    const spikeMs = config.number('latency-monitor-threshold');
    latency.thresholdMs = spikeMs > 0 ? spikeMs : Infinity;
    stats.tracksLatency = config.bool('latency-tracking');
    const thresholds = [
      slowUs,
      config.number('commandlog-request-larger-than'),
      config.number('commandlog-reply-larger-than'),
    ].map((threshold) => (threshold < 0 ? Infinity : threshold));
    const lengths = [
      'slowlog-max-len',
      'commandlog-large-request-max-len',
      'commandlog-large-reply-max-len',
    ].map((name) => config.number(name));
    for (const kind of [SLOW, LARGE_REQUEST, LARGE_REPLY] as const) {
      this.logs.of(kind).threshold = thresholds[kind];
      this.logs.of(kind).setLength(lengths[kind]);
    }
    this.noteUs = Math.min(thresholds[SLOW], latency.thresholdMs * 1000, HELD_US);
    this.chooseAlone(
      this.noteUs < EACH_BELOW_US ||
        thresholds[LARGE_REQUEST] < REQUEST_BYTES_LARGE ||
        thresholds[LARGE_REPLY] < REPLY_BYTES,
    );
  }

  private chooseAlone(all: boolean): void {
    for (const { flags, fullName, id } of this.server.table.byId) {
      const isQuick = (flags & (FAST | BLOCKING)) === FAST || QUICK.has(fullName);
      this.alone[id] = all || !isQuick ? LOOK_TIME : 0;
    }
  }

  /** A run begins with this command. */
  begin({ argc, base, bytes, spans }: CommandSight, session: Session, command: Command): void {
    const { control } = this;
    this.bytes = bytes;
    this.spans = spans;
    this.base = base;
    this.argc = argc;
    this.command = command;
    this.session = session;
    control[EXECUTOR_ARGUMENTS] = argc;
    control[EXECUTOR_SIZE] = spans[base + 2 * argc - 1] - spans[base];
    control[EXECUTOR_COMMAND] = command.id + 1;
  }

  /** No command is under way. */
  end(): void {
    this.control[EXECUTOR_COMMAND] = 0;
  }

  /** The run took `us` microseconds, at least noteUs; its calls are not counted yet. */
  slow(calls: number, us: number): void {
    const { command, server } = this;
    const usual = calls > 1 ? this.usualUs(calls, us) : 0;
    const own = us - (calls - 1) * usual;
    const remark = calls > 1 ? `... (one of ${calls} calls in a row)` : '';
    if ((command.flags & SKIP_SLOWLOG) === 0) {
      this.logs.note(SLOW, Math.floor(own), this, server.nowMs, remark);
    }
    this.spike(command, own);
    if (own >= HELD_US) this.warn(own, remark);
  }

  /** A command took so long: what the latency monitor is to know. */
  spike({ flags }: Command, us: number): void {
    this.server.latency.add((flags & FAST) !== 0 ? 'fast-command' : 'command', us / 1000);
  }

  /** What a call of the run's command takes as a rule. */
  private usualUs(calls: number, us: number): number {
    const { stats } = this.server;
    const { id } = this.command;
    return stats.calls[id] > 0 ? Math.min(stats.usec[id] / stats.calls[id], us / calls) : us / calls;
  }

  private warn(us: number, remark: string): void {
    const words = trimmedArguments(this).join(' ');
    this.server.services.log(
      'warning',
      `Command '${this.command.fullName}' of ${this.argc} arguments and ${requestBytes(this)} bytes held the executor for ${Math.round(us / 1000)} ms: ${JSON.stringify(words + remark)} from ${this.session.address}`,
    );
  }

  /** A command has run, with `reply` bytes of reply; `look` says why it is asked about. */
  sizes(sight: CommandSight, look: number, reply: number): void {
    if ((sight.command.flags & SKIP_SLOWLOG) !== 0) return;
    const { nowMs } = this.server;
    const requests = this.logs.of(LARGE_REQUEST).threshold;
    if (look !== LOOK_TIME || requests < REQUEST_BYTES_LARGE) {
      this.logs.note(LARGE_REQUEST, requestBytes(sight), sight, nowMs);
    }
    this.logs.note(LARGE_REPLY, reply, sight, nowMs);
  }
}
