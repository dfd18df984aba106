/** Input over rings in the test's own memory: bytes in, the requests that the executor would see out. */
import { SipHasher } from '../../../src/base/siphash.ts';
import { Connection } from '../../../src/net/connection.ts';
import {
  INPUT_BARRIER,
  INPUT_BROKEN,
  INPUT_STALLED,
  INPUT_TAKEN,
  Input,
  type LargeRequest,
} from '../../../src/net/input.ts';
import { type CommandName, CommandNames, LOOKS_AROUND } from '../../../src/resp/command-names.ts';
import { createChannelMemory, createProcessMemory } from '../../../src/ring/channel.ts';
import { CONNECTION_FLAGS } from '../../../src/ring/connection-table.ts';
import {
  SCRATCH_BYTES,
  SETTING_BULK_MAX,
  SETTING_PASSWORD_NEEDED,
  SETTING_QUERY_BUFFER_MAX,
} from '../../../src/ring/layout.ts';
import {
  DESCRIPTOR_ARGC,
  DESCRIPTOR_COMMAND,
  DESCRIPTOR_HASH,
  DESCRIPTOR_SIZE,
  DESCRIPTOR_SPANS,
  DESCRIPTOR_START,
  REQUEST_COMMAND,
  REQUEST_LARGE,
  RequestReader,
  RequestWriter,
} from '../../../src/ring/request-ring.ts';

const NAMES: CommandName[] = [
  { name: 'get', id: 0, firstKey: 1 },
  { name: 'set', id: 1, firstKey: 1 },
  { name: 'ping', id: 2, firstKey: 0 },
  { name: 'bitop', id: 3, firstKey: 2 },
  { name: 'client', id: 4, firstKey: LOOKS_AROUND },
];

export interface Seen {
  command: number;
  args: string[];
  hash: number;
  /** The whole command as it lies in the ring; null for one that came outside it. */
  whole: string | null;
}

export class InputRig {
  readonly hasher = new SipHasher(3, 4);
  readonly process = new Int32Array(createProcessMemory().control);
  readonly large: LargeRequest[] = [];
  readonly seen: Seen[] = [];
  readonly writer: RequestWriter;
  readonly reader: RequestReader;
  readonly input: Input;
  readonly rows: Int32Array;
  readonly connection = new Connection(0, 0, null as never, null);

  constructor() {
    const { control, requestWords, requestBytes, connections } = createChannelMemory();
    this.writer = new RequestWriter(control, requestWords, requestBytes);
    this.reader = new RequestReader(control, requestWords, requestBytes);
    this.rows = new Int32Array(connections);
    this.process[SETTING_BULK_MAX] = 512 << 20;
    this.process[SETTING_QUERY_BUFFER_MAX] = 1 << 30;
    this.input = new Input(
      this.writer,
      new CommandNames(NAMES),
      this.hasher,
      this.process,
      this.rows,
      (request) => this.large.push(request),
    );
  }

  requirePassword(): void {
    this.process[SETTING_PASSWORD_NEEDED] = 1;
  }

  logIn(): void {
    this.rows[this.connection.row + CONNECTION_FLAGS] |= 1;
  }

  /**
   * Takes bytes as one read after another and drains the ring after each. Returns 'taken', or the error that broke the
   * stream; a BARRIER comes back at once.
   */
  feed(bytes: Uint8Array): string {
    for (let at = 0; at < bytes.length; at += SCRATCH_BYTES) {
      const read = bytes.subarray(at, at + SCRATCH_BYTES);
      let status = this.input.take(this.connection, read, 0, read.length);
      this.drain();
      while (status === INPUT_BARRIER || status === INPUT_STALLED) {
        this.connection.barrierPassed = status === INPUT_BARRIER;
        status = this.input.retry(this.connection);
        this.connection.barrierPassed = false;
        this.drain();
      }
      if (status === INPUT_BROKEN) return this.input.error;
      if (status !== INPUT_TAKEN) return `status ${status}`;
    }
    return 'taken';
  }

  drain(): void {
    const { reader } = this;
    this.writer.publish();
    reader.poll();
    for (let at = reader.next(); at >= 0; at = reader.next()) {
      const kind = reader.words[at] & 0xff;
      if (kind === REQUEST_COMMAND) this.seen.push(this.fromRing(at));
      if (kind === REQUEST_LARGE) this.seen.push(this.fromPort());
      reader.advance(at);
    }
    reader.release();
  }

  private fromRing(at: number): Seen {
    const { words, bytes } = this.reader;
    const text = (start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString('latin1');
    const start = words[at + DESCRIPTOR_START];
    return {
      command: words[at + DESCRIPTOR_COMMAND],
      args: Array.from({ length: words[at + DESCRIPTOR_ARGC] }, (_, i) => {
        const span = at + DESCRIPTOR_SPANS + i * 2;
        return text(words[span], words[span + 1]);
      }),
      hash: words[at + DESCRIPTOR_HASH],
      whole: text(start, start + words[at + DESCRIPTOR_SIZE]),
    };
  }

  private fromPort(): Seen {
    const { command, argc, hash, bytes, spans } = this.large.shift()!;
    const text = (start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString('latin1');
    const args = Array.from({ length: argc }, (_, i) => text(spans[i * 2], spans[i * 2 + 1]));
    return { command, args, hash, whole: null };
  }
}
