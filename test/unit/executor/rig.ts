/**
 * An executor on the test's own thread: real rings in ordinary shared memory, the test playing the io worker, a clock that
 * stands still, and a handful of commands made for the purpose.
 */
import { FakeClock } from '../../../src/base/clock.ts';
import { Prng } from '../../../src/base/prng.ts';
import { SipHasher } from '../../../src/base/siphash.ts';
import type { Call } from '../../../src/commands/call.ts';
import { CommandLogs } from '../../../src/commands/command-logs.ts';
import { type CommandDeclaration, FAST, keyAt, NO_AUTH } from '../../../src/commands/define.ts';
import { LatencyEvents } from '../../../src/commands/latency-events.ts';
import { BLPOP } from '../../../src/commands/list/blocking-pop.ts';
import { CHANNEL } from '../../../src/commands/pubsub.ts';
import type { Server } from '../../../src/commands/server.ts';
import { GATE_REPLY, REPLY_OFF, REPLY_ON, REPLY_SKIP_NEXT } from '../../../src/commands/session.ts';
import { Stats } from '../../../src/commands/stats.ts';
import { CommandTable } from '../../../src/commands/table.ts';
import { BlockedClients } from '../../../src/executor/blocked-clients.ts';
import { Changes } from '../../../src/executor/changes.ts';
import { ChannelEnd } from '../../../src/executor/channel-end.ts';
import { CommandWatch } from '../../../src/executor/command-watch.ts';
import { Executor, type LargeMessage } from '../../../src/executor/executor.ts';
import { Monitors } from '../../../src/executor/monitors.ts';
import { Pause } from '../../../src/executor/pause.ts';
import { Keyspace } from '../../../src/keyspace/keyspace.ts';
import { Connection } from '../../../src/net/connection.ts';
import { INPUT_STALLED, INPUT_TAKEN, Input } from '../../../src/net/input.ts';
import { Broker } from '../../../src/pubsub/broker.ts';
import { CommandNames } from '../../../src/resp/command-names.ts';
import { createChannelMemory, createProcessMemory } from '../../../src/ring/channel.ts';
import {
  CONNECTION_ACKED,
  CONNECTION_FLAGS,
  CONNECTION_SPILLING,
  CONNECTION_WORDS,
} from '../../../src/ring/connection-table.ts';
import { Doorbell } from '../../../src/ring/doorbell.ts';
import {
  SCRATCH_BYTES,
  SETTING_BULK_MAX,
  SETTING_PASSWORD_NEEDED,
  SETTING_QUERY_BUFFER_MAX,
} from '../../../src/ring/layout.ts';
import {
  BROADCAST_SLOT_BYTES,
  FRAME_BROADCAST,
  FRAME_DATA,
  ReplyRingReader,
} from '../../../src/ring/reply-ring.ts';
import {
  REQUEST_CLOSED,
  REQUEST_DRAINED,
  REQUEST_OPEN,
  RequestWriter,
} from '../../../src/ring/request-ring.ts';
import { ClientTracking } from '../../../src/tracking/tracking.ts';
import { SessionTransactions } from '../../../src/transactions/transactions.ts';

/** A frame as the io worker would see it; `text` for data. */
export interface Frame {
  kind: number;
  slot: number;
  text: string;
}

function declare(name: string, arity: number, handler: (call: Call) => void, more = {}): CommandDeclaration {
  return {
    name,
    summary: 'Made for a test.',
    group: 'generic',
    since: '1.0.0',
    complexity: 'O(1)',
    arity,
    flags: FAST,
    handler,
    ...more,
  };
}

export class ExecutorRig {
  readonly clock = new FakeClock();
  readonly memory = createChannelMemory();
  readonly control = new Int32Array(createProcessMemory().control);
  readonly rows = new Int32Array(this.memory.connections);
  readonly requests: RequestWriter;
  readonly replies: ReplyRingReader;
  readonly channel: ChannelEnd;
  readonly server: Server;
  readonly watch: CommandWatch;
  readonly executor: Executor;
  readonly input: Input;
  readonly large: LargeMessage[] = [];
  readonly connections = new Map<number, Connection>();
  /** Data frames and control frames the io worker has taken, in order. */
  readonly frames: Frame[] = [];
  /** Broadcast frames among them. */
  broadcasts = 0;
  /** What PARK has parked: answers by calling them. */
  readonly parked: (() => void)[] = [];
  /** Lines of the server's log. */
  readonly logged: string[] = [];
  /** Texts given to LOG, in the order of execution. */
  readonly executed: string[] = [];
  readonly config: Record<string, string | number> = { requirepass: '', hz: 10 };

  constructor() {
    const { control, requestWords, requestBytes, replyFrames, replyBytes } = this.memory;
    const hasher = new SipHasher(1, 2);
    this.requests = new RequestWriter(control, requestWords, requestBytes);
    this.replies = new ReplyRingReader(control, replyFrames, replyBytes);
    this.channel = new ChannelEnd(0, this.memory);
    const table = new CommandTable(this.declarations());
    const keyspace = new Keyspace(hasher, 16);
    const blocked = new BlockedClients(keyspace);
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
    this.server = {
      clock: this.clock,
      nowMs: this.clock.nowMs(),
      keyspace,
      blocking: blocked,
      transactions,
      pubsub: broker,
      config: {
        string: (name: string) => String(this.config[name] ?? ''),
        number: (name: string) => Number(this.config[name] ?? 0),
        bool: (name: string) => Number(this.config[name] ?? 0) !== 0,
      },
      table,
      stats: new Stats(table.byId.length),
      commandLogs: new CommandLogs(),
      latency: new LatencyEvents(() => this.clock.nowMs()),
      sessions,
      tracking,
      services: { log: (_: string, text: string) => this.logged.push(text), release() {} },
      activeExpireEnabled: true,
      checksumEnabled: true,
    } as unknown as Server;
    this.watch = new CommandWatch(this.server, this.control);
    this.executor = new Executor({
      server: this.server,
      channels: [this.channel],
      hasher,
      doorbell: new Doorbell(this.control),
      blocked,
      pause: new Pause(() => this.server.nowMs),
      tracking: this.server.tracking as ClientTracking,
      monitors: new Monitors(broker.outbox, this.clock),
      limitClients() {},
      transactions,
      broker,
      watch: this.watch,
      receiveLarge: () => this.large.shift()!,
      readMail: () => {},
      persist: () => false,
      countClients() {},
      cron: () => {},
      reportFailure: () => {},
      spinLooksMax: 0,
    });
    this.control[SETTING_BULK_MAX] = 512 << 20;
    this.control[SETTING_QUERY_BUFFER_MAX] = 1 << 30;
    this.input = new Input(
      this.requests,
      new CommandNames(table.names()),
      hasher,
      this.control,
      this.rows,
      (request) => this.large.push(request),
    );
  }

  private declarations(): CommandDeclaration[] {
    const reply = (mode: number) => (call: Call) => {
      call.session.replyMode = mode;
      if (mode !== REPLY_ON) call.session.gate |= GATE_REPLY;
      else call.reply.ok();
    };
    return [
      declare('ECHO', 2, (call) => {
        this.executed.push(call.text(1).slice(0, 40));
        call.reply.bulk(call.bytes, call.start(1), call.end(1));
      }),
      declare('FILL', 2, (call) => call.reply.bulkText('f'.repeat(Number(call.text(1))))),
      declare('SILENT', 1, () => {}),
      // A command that takes so many microseconds; SLOW is measured by itself.
      declare('TAKE', -2, (call) => this.clock.advance(Number(call.text(1)) / 1000)),
      declare('SLOW', -2, (call) => this.clock.advance(Number(call.text(1)) / 1000), { flags: 0 }),
      declare('FAIL', -1, (call) => call.reply.error('ERR as asked')),
      declare('PARK', 2, (call) => {
        const { session } = call;
        const word = call.text(1);
        this.executor.parked.park(session);
        this.parked.push(() => this.executor.parked.unpark(session, (reply) => reply.simple(word)));
      }),
      declare(
        'LOGIN',
        1,
        (call) => {
          call.session.authenticated = true;
          call.session.gate &= ~1;
          call.session.link.setAuthenticated(call.session);
          call.reply.ok();
        },
        { flags: NO_AUTH },
      ),
      declare(
        'KEYED',
        -2,
        (call) =>
          call.reply.integer(call.hash === call.hashOf(call.bytes, call.start(1), call.end(1)) ? 1 : 0),
        {
          keys: [keyAt(1, 'RO')],
        },
      ),
      declare('QUIT', -1, (call) => {
        call.reply.ok();
        call.session.link.closeAfterReply(call.session);
      }),
      declare('SUB', 2, (call) => {
        const { pubsub } = call.server;
        call.session.resp = 3;
        pubsub.settle(call.session);
        pubsub.subscribe(call.session, CHANNEL, call.bytes, call.start(1), call.end(1));
        call.reply.simple('on');
      }),
      declare('UNSUB', 2, (call) => {
        const { pubsub } = call.server;
        pubsub.settle(call.session);
        pubsub.unsubscribe(call.session, CHANNEL, call.bytes, call.start(1), call.end(1));
        call.reply.simple('off');
      }),
      declare('PUB', 3, (call) => {
        const { bytes, server } = call;
        const [a, b, c, d] = [call.start(1), call.end(1), call.start(2), call.end(2)];
        call.reply.integer(server.pubsub.publish(CHANNEL, bytes, a, b, bytes, c, d));
      }),
      BLPOP,
      declare('OFF', 1, reply(REPLY_OFF)),
      declare('ON', 1, reply(REPLY_ON)),
      declare('SKIP', 1, reply(REPLY_SKIP_NEXT)),
      {
        ...declare('BOX', -2, () => {}),
        handler: undefined,
        subcommands: [declare('ONE', 2, (call) => call.reply.simple('one'))],
      },
    ];
  }

  // --- the io worker's part -------------------------------------------------------------------------

  /** Opens a connection on `slot`; a row that was used before is cleared, as the io worker does. */
  open(slot: number): Connection {
    const row = slot * CONNECTION_WORDS;
    this.rows.fill(0, row, row + CONNECTION_WORDS);
    const connection = new Connection(slot, row, null as never, null);
    this.connections.set(slot, connection);
    this.record(REQUEST_OPEN, slot, `127.0.0.1:${1000 + slot} 127.0.0.1:6379`);
    return connection;
  }

  closed(slot: number): void {
    this.record(REQUEST_CLOSED, slot, '');
  }

  record(kind: number, slot: number, text = ''): void {
    if (!this.input.sendRecord(kind, slot, text)) throw new Error('the request ring is full');
  }

  /** What the connection sends, as reads of the usual size. Returns the last INPUT_ status; stops at one that is not TAKEN. */
  send(connection: Connection, text: string): number {
    const bytes = Buffer.from(text, 'latin1');
    let status = INPUT_TAKEN;
    for (let at = 0; at < bytes.length && status === INPUT_TAKEN; at += SCRATCH_BYTES) {
      const read = bytes.subarray(at, at + SCRATCH_BYTES);
      status = this.input.take(connection, read, 0, read.length);
      if (status === INPUT_STALLED) this.input.keep(connection, bytes, at + read.length, bytes.length);
    }
    return status;
  }

  /** Publishes the requests and runs the executor once. */
  turn(): boolean {
    this.requests.publish();
    return this.executor.runOnce();
  }

  /** Runs until there is nothing to do, the io worker taking and acknowledging everything. */
  settle(): void {
    for (let i = 0; i < 10_000; i++) {
      const worked = this.turn();
      const taken = this.take();
      if (!worked && !taken) return;
    }
    throw new Error('does not settle');
  }

  /** Takes all frames; `acknowledge` says that their bytes have left. Returns whether there were any. */
  take(acknowledge = true): boolean {
    let any = false;
    while (this.replies.poll()) {
      for (let at = this.replies.next(); at >= 0; at = this.replies.next()) {
        this.onFrame(at, acknowledge);
        this.replies.advance(at);
        any = true;
      }
      this.replies.release();
    }
    return any;
  }

  private onFrame(at: number, acknowledge: boolean): void {
    const { frames, bytes } = this.replies;
    const kind = frames[at] & 0xff;
    if (kind === FRAME_BROADCAST) {
      this.onBroadcast(at, acknowledge);
      return;
    }
    const slot = frames[at] >>> 8;
    const size = kind === FRAME_DATA ? frames[at + 2] : 0;
    const start = frames[at + 1];
    this.frames.push({
      kind,
      slot,
      text: Buffer.from(bytes.subarray(start, start + size)).toString('latin1'),
    });
    if (acknowledge && this.acknowledge(slot, size)) this.record(REQUEST_DRAINED, slot);
  }

  /** As a data frame for each of its slots. */
  private onBroadcast(at: number, acknowledge: boolean): void {
    const { frames, bytes } = this.replies;
    const count = frames[at] >>> 8;
    const first = frames[at + 1];
    const slots = Buffer.from(bytes.subarray(first, first + count * BROADCAST_SLOT_BYTES));
    const data = bytes.subarray(first + slots.length, first + frames[at + 2]);
    const text = Buffer.from(data).toString('latin1');
    this.broadcasts++;
    for (let i = 0; i < count; i++) {
      const slot = slots.readUInt32LE(i * BROADCAST_SLOT_BYTES);
      this.frames.push({ kind: FRAME_DATA, slot, text });
      if (acknowledge && this.acknowledge(slot, text.length)) this.record(REQUEST_DRAINED, slot);
    }
  }

  /** Bytes of the slot reached the kernel; true when the io worker would say DRAINED. */
  acknowledge(slot: number, size: number): boolean {
    const row = slot * CONNECTION_WORDS;
    this.rows[row + CONNECTION_ACKED] = (this.rows[row + CONNECTION_ACKED] + size) | 0;
    return this.rows[row + CONNECTION_SPILLING] === 1;
  }

  isSpilling(slot: number): boolean {
    return this.rows[slot * CONNECTION_WORDS + CONNECTION_SPILLING] === 1;
  }

  isAuthenticated(slot: number): boolean {
    return (this.rows[slot * CONNECTION_WORDS + CONNECTION_FLAGS] & 1) === 1;
  }

  requirePassword(): void {
    this.config.requirepass = 'secret';
    this.control[SETTING_PASSWORD_NEEDED] = 1;
  }

  /** All data sent to `slot` so far, joined. */
  textOf(slot: number): string {
    return this.frames
      .filter((frame) => frame.slot === slot && frame.kind === FRAME_DATA)
      .map((frame) => frame.text)
      .join('');
  }

  /** Kinds of the frames of `slot`, in order, runs of data counted once. */
  kindsOf(slot: number): number[] {
    const kinds = this.frames.filter((frame) => frame.slot === slot).map((frame) => frame.kind);
    return kinds.filter((kind, i) => kind !== FRAME_DATA || kinds[i - 1] !== FRAME_DATA);
  }
}

/** A command as a client sends it. */
export function command(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

export function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}
