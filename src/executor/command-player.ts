/**
 * Runs the commands of an append only file: a client that nobody sees, whose replies are dropped and who never waits.
 *
 * What lies between MULTI and EXEC is run command by command: nothing else runs while data is loaded.
 */

import type { Server } from '../commands/server.ts';
import { GATE_MULTI, Session } from '../commands/session.ts';
import { CommandFailedError, type CommandPlayer } from '../persistence/loading.ts';
import { CommandNames } from '../resp/command-names.ts';

const HASH = 35;
const LF = 10;
/** Commands between two looks at the clock. */
const COMMANDS_PER_LOOK = 32;
/** What only marks a transaction. */
const MARKS = new Set(['multi', 'exec']);

/** Runs one command of the player's session: loaded-commands.ts. */
export interface CommandRunner {
  runForPlayer(session: Session, id: number, bytes: Uint8Array, spans: Int32Array, argc: number): void;
  /** Does `work`, which runs commands in this way, and then goes on with the command under way: DEBUG LOADAOF is one. */
  aside(work: () => void): void;
}

export class AofPlayer implements CommandPlayer {
  private readonly server: Server;
  private readonly runner: CommandRunner;
  private readonly session: Session;
  private names: CommandNames | null = null;
  private bytes: Uint8Array = new Uint8Array(0);
  private end = 0;
  private pos = 0;
  private spans = new Int32Array(64);

  constructor(server: Server, runner: CommandRunner) {
    this.server = server;
    this.runner = runner;
    const link = { setWaiting() {}, flush: () => false, pauseReading() {}, resumeReading() {} };
    this.session = new Session(0, -1, link as never, '', '', server.keyspace.databases[0], 0);
    // As inside MULTI: no command waits.
    this.session.gate = GATE_MULTI;
  }

  open(bytes: Uint8Array, size: number): void {
    this.names ??= new CommandNames(this.server.table.names());
    this.bytes = bytes;
    this.end = size;
    this.pos = 0;
  }

  /** A file begins: it selects its own database. */
  startFile(): void {
    this.session.db = this.server.keyspace.databases[0];
  }

  get empty(): boolean {
    return this.pos === this.end;
  }

  run(mayGoOn: () => boolean): void {
    this.runner.aside(() => this.runCommands(mayGoOn));
  }

  private runCommands(mayGoOn: () => boolean): void {
    for (let done = 1; this.pos < this.end; done++) {
      this.command();
      if (done % COMMANDS_PER_LOOK === 0 && !mayGoOn()) return;
    }
  }

  private command(): void {
    if (this.bytes[this.pos] === HASH) {
      this.pos = this.bytes.indexOf(LF, this.pos) + 1;
      return;
    }
    const argc = this.number();
    if (argc * 2 > this.spans.length) this.spans = new Int32Array(argc * 4);
    const { spans } = this;
    for (let i = 0; i < argc; i++) {
      const size = this.number();
      spans[2 * i] = this.pos;
      spans[2 * i + 1] = this.pos + size;
      this.pos += size + 2;
    }
    const id = this.names!.find(this.bytes, spans[0], spans[1]);
    const command = this.server.table.byId[id];
    if (command === undefined) {
      const name = Buffer.from(this.bytes.subarray(spans[0], spans[1])).toString('latin1');
      throw new CommandFailedError(`Unknown command '${name}' reading the append only file`);
    }
    if (!MARKS.has(command.fullName)) this.runner.runForPlayer(this.session, id, this.bytes, spans, argc);
  }

  /** The number of a line like *3 or $12. */
  private number(): number {
    let value = 0;
    let at = this.pos + 1;
    for (; this.bytes[at] >= 48; at++) value = value * 10 + this.bytes[at] - 48;
    this.pos = at + 2;
    return value;
  }
}
