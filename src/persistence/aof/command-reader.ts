/**
 * Reads the commands of an append only file from a descriptor, and cuts it into buffers of whole ones: what a loading executor is fed.
 *
 * What counts as whole: a command, or everything from MULTI to EXEC. So the end of a file that a crash has torn is seen here, and nothing of
 * a half transaction gets to the executor.
 */
import { copyBytes, newUnfilled } from '../../base/bytes.ts';
import type { Files } from '../files.ts';

const WINDOW = 1 << 20;
const SEND_BYTES = 256 << 10;
const STAR = 42;
const DOLLAR = 36;
const HASH = 35;
const CR = 13;
const LF = 10;
const COUNT_MAX = 1 << 27;
/** As much of a remark as anybody looks at. */
const REMARK_MAX = 100;

/** What is in the file cannot be read as commands. */
export class AofFormatError extends Error {}

/** The file ends inside a command or a transaction. */
export class AofTruncatedError extends Error {}

export class CommandFileReader {
  /** Where in the file the last whole command ends. */
  validUntil: number;
  private readonly files: Files;
  private readonly fd: number;
  private bytes = newUnfilled(WINDOW);
  /** Where in the file the window begins. */
  private base: number;
  private pos = 0;
  private end = 0;
  /** In the window: what was not sent yet begins here. */
  private unsent = 0;
  private inMulti = false;
  /** Told of every remark (#...) and where it begins; true: reading ends before it. */
  onRemark: ((text: string, offset: number) => boolean) | null = null;
  private stopped = false;
  private readonly send: (bytes: Uint8Array, size: number, offset: number) => void;

  /** Reads from `start` on. `send` gets buffers that belong to it, how much of them is filled, and up to where the file has been read. */
  constructor(
    files: Files,
    fd: number,
    start: number,
    send: (bytes: Uint8Array, size: number, offset: number) => void,
  ) {
    this.files = files;
    this.fd = fd;
    this.base = start;
    this.validUntil = start;
    this.send = send;
  }

  /** Reads to the end. Throws AofTruncatedError or AofFormatError; what was whole before has been sent then. */
  run(): void {
    try {
      while (this.more(1)) {
        this.command();
        if (this.stopped) return;
        if (this.inMulti) continue;
        this.validUntil = this.base + this.pos;
        if (this.pos - this.unsent >= SEND_BYTES) this.flush();
      }
      if (this.inMulti) throw new AofTruncatedError('a transaction without its end');
    } finally {
      this.flush();
    }
  }

  private flush(): void {
    const until = this.validUntil - this.base;
    const size = until - this.unsent;
    if (size <= 0) return;
    const out = newUnfilled(size);
    copyBytes(this.bytes, this.unsent, until, out, 0);
    this.send(out, size, this.validUntil);
    this.unsent = until;
  }

  private command(): void {
    if (this.bytes[this.pos] === HASH) {
      this.remark();
      return;
    }
    const count = this.number(STAR);
    if (count < 1) throw this.bad();
    for (let i = 0; i < count; i++) {
      const size = this.number(DOLLAR);
      if (!this.more(size + 2)) throw new AofTruncatedError('a command ends too early');
      if (i === 0) this.look(size);
      this.pos += size;
      if (this.bytes[this.pos] !== CR || this.bytes[this.pos + 1] !== LF) throw this.bad();
      this.pos += 2;
    }
  }

  private remark(): void {
    const before = this.pos;
    const at = this.line();
    if (this.onRemark === null) return;
    const start = before - this.moved;
    const text = String.fromCharCode(...this.bytes.subarray(start, Math.min(at, start + REMARK_MAX)));
    this.stopped = this.onRemark(text, this.base + start);
  }

  /** Sees where a transaction begins and ends. */
  private look(size: number): void {
    if (size === 5 && this.isName('MULTI')) this.inMulti = true;
    else if (size === 4 && this.isName('EXEC')) this.inMulti = false;
  }

  private isName(upper: string): boolean {
    for (let i = 0; i < upper.length; i++) {
      if ((this.bytes[this.pos + i] & ~32) !== upper.charCodeAt(i)) return false;
    }
    return true;
  }

  private number(mark: number): number {
    if (!this.more(1)) throw new AofTruncatedError('a command ends too early');
    if (this.bytes[this.pos] !== mark) throw this.bad();
    const start = this.pos + 1;
    const at = this.line();
    let value = 0;
    for (let i = start - this.moved; i < at; i++) {
      const digit = this.bytes[i] - 48;
      if (!(digit >= 0 && digit <= 9)) throw this.bad();
      value = value * 10 + digit;
    }
    if (value > COUNT_MAX * 8) throw this.bad();
    return value;
  }

  /** How far the window slid during the last line(). */
  private moved = 0;

  /** Steps over a line; returns where its end mark begins. */
  private line(): number {
    this.moved = 0;
    let at = this.pos;
    for (;;) {
      if (at + 1 >= this.end) {
        const ahead = at - this.pos;
        const before = this.base;
        if (!this.more(ahead + 2)) throw new AofTruncatedError('a line ends too early');
        this.moved += this.base - before;
        at = this.pos + ahead;
      }
      if (this.bytes[at] === CR && this.bytes[at + 1] === LF) break;
      at++;
    }
    this.pos = at + 2;
    return at;
  }

  private bad(): AofFormatError {
    return new AofFormatError('Bad file format reading the append only file');
  }

  /** Sees to it that `size` bytes are there from pos on; false when the file has no more. */
  private more(size: number): boolean {
    if (this.pos + size <= this.end) return true;
    // What has not been sent stays in the window.
    const keep = this.unsent;
    const kept = this.end - keep;
    const wanted = this.pos - keep + size;
    const into =
      wanted > this.bytes.length ? newUnfilled(Math.max(wanted, this.bytes.length * 2)) : this.bytes;
    if (into === this.bytes) into.copyWithin(0, keep, this.end);
    else copyBytes(this.bytes, keep, this.end, into, 0);
    this.bytes = into;
    this.base += keep;
    this.pos -= keep;
    this.unsent = 0;
    this.end = kept;
    while (this.end < into.length) {
      const got = this.files.read(this.fd, into, this.end, into.length - this.end, this.base + this.end);
      if (got === 0) break;
      this.end += got;
    }
    return this.pos + size <= this.end;
  }
}
