/** Runs commands on a keyspace on the test's own thread, without rings: for tests that want every command but no server. */
import { bytesFromString } from '../../src/base/bytes.ts';
import { FakeClock } from '../../src/base/clock.ts';
import { Prng } from '../../src/base/prng.ts';
import { SipHasher } from '../../src/base/siphash.ts';
import { COMMANDS } from '../../src/commands/all.ts';
import { Call } from '../../src/commands/call.ts';
import type { Server } from '../../src/commands/server.ts';
import { type Link, Session } from '../../src/commands/session.ts';
import { Stats } from '../../src/commands/stats.ts';
import { CommandTable } from '../../src/commands/table.ts';
import { Config } from '../../src/config/config.ts';
import { BlockedClients } from '../../src/executor/blocked-clients.ts';
import { Keyspace } from '../../src/keyspace/keyspace.ts';
import type { Arena } from '../../src/memory/arena.ts';
import { ReplyWriter } from '../../src/resp/reply-writer.ts';

export class CommandRunner {
  readonly clock = new FakeClock();
  readonly keyspace: Keyspace;
  readonly server: Server;
  private readonly call: Call;
  private readonly session: Session;
  private readonly table = new CommandTable(COMMANDS);
  private readonly hasher = new SipHasher(3, 4);
  private readonly reply: ReplyWriter;

  /** `arena` is for tests that want small segments. */
  constructor(databases = 4, arena?: Arena) {
    this.keyspace = new Keyspace(this.hasher, databases, arena);
    const config = new Config({ directory: '/', cores: 2, compat: '7.0' });
    const sink = {
      overflow(writer: ReplyWriter) {
        writer.pos = 0;
      },
    };
    this.reply = new ReplyWriter(new Uint8Array(1 << 20), sink);
    this.reply.limit = this.reply.buf.length;
    this.server = {
      clock: this.clock,
      nowMs: this.clock.nowMs(),
      keyspace: this.keyspace,
      config,
      table: this.table,
      stats: new Stats(this.table.byId.length),
      random: new Prng(1),
      sessions: new Map(),
      compat: '7.0',
      is72: false,
      blocking: new BlockedClients(this.keyspace),
      services: { log() {}, release() {} },
      persistence: { abortSave() {}, saveNow: () => null },
      activeExpireEnabled: true,
      checksumEnabled: true,
      loading: false,
    } as unknown as Server;
    this.session = new Session(1, 0, {} as Link, '', '', this.keyspace.databases[0], 0);
    this.call = new Call(this.server, this.hasher);
    this.advance(0);
  }

  /** Lets time pass; nothing expires by itself. */
  advance(ms: number): void {
    this.clock.advance(ms);
    this.server.nowMs = this.clock.nowMs();
    this.keyspace.nowMs = this.server.nowMs;
  }

  /** Runs a command; returns the beginning of its reply as it would be sent. */
  run(...args: string[]): string {
    const { call, reply, session } = this;
    let command = this.table.find(args[0].toLowerCase())!;
    if (command.children != null) command = command.children.get(args[1].toLowerCase())!;
    const parts = args.map((arg) => bytesFromString(arg));
    const spans = new Int32Array(parts.length * 2);
    let at = 0;
    for (const [i, part] of parts.entries()) {
      spans[2 * i] = at;
      at += part.length;
      spans[2 * i + 1] = at;
    }
    call.bytes = Buffer.concat([...parts, Buffer.alloc(8)]);
    call.data = null;
    call.spans = spans;
    call.base = 0;
    call.argc = parts.length;
    call.command = command;
    call.session = session;
    call.db = session.db;
    call.reply = reply;
    const first = command.firstKey;
    call.hash =
      first > 0 && first < parts.length
        ? this.hasher.hash(call.bytes, spans[2 * first], spans[2 * first + 1])
        : 0;
    reply.pos = 0;
    command.handler!(call);
    return Buffer.from(reply.buf.subarray(0, Math.min(reply.pos, 200))).toString('latin1');
  }
}
