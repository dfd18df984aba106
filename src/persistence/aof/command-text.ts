/** Commands as an append only file holds them, in one buffer that grows. */
import { copyBytes, newUnfilled } from '../../base/bytes.ts';
import { writeInt64 } from '../../base/int64.ts';

const CAPACITY = 64 << 10;
const KEPT_MAX = 4 << 20;
const STAR = 42;
const DOLLAR = 36;
const CR = 13;
const LF = 10;
/** `$` or `*`, digits, two line ends. */
const FRAME_MAX = 28;

export class CommandText {
  bytes: Uint8Array = newUnfilled(CAPACITY);
  size = 0;

  clear(): void {
    this.size = 0;
    if (this.bytes.length > KEPT_MAX) this.bytes = newUnfilled(CAPACITY);
  }

  private ensure(more: number): void {
    const wanted = this.size + more;
    if (wanted <= this.bytes.length) return;
    const grown = newUnfilled(Math.max(wanted, this.bytes.length * 2));
    copyBytes(this.bytes, 0, this.size, grown, 0);
    this.bytes = grown;
  }

  private frame(mark: number, count: number): void {
    this.bytes[this.size++] = mark;
    this.size += writeInt64(0, count, this.bytes, this.size);
    this.endLine();
  }

  private endLine(): void {
    this.bytes[this.size++] = CR;
    this.bytes[this.size++] = LF;
  }

  /** Begins a command of so many words. */
  begin(words: number): void {
    this.ensure(FRAME_MAX);
    this.frame(STAR, words);
  }

  word(bytes: Uint8Array, start: number, end: number): void {
    this.ensure(FRAME_MAX + end - start);
    this.frame(DOLLAR, end - start);
    copyBytes(bytes, start, end, this.bytes, this.size);
    this.size += end - start;
    this.endLine();
  }

  /** A word of ASCII characters. */
  text(text: string): void {
    this.ensure(FRAME_MAX + text.length);
    this.frame(DOLLAR, text.length);
    this.plain(text);
    this.endLine();
  }

  /** ASCII characters as they are. */
  plain(text: string): void {
    this.ensure(text.length + 2);
    for (let i = 0; i < text.length; i++) this.bytes[this.size++] = text.charCodeAt(i);
  }

  /** What another one holds. */
  append(other: CommandText): void {
    this.ensure(other.size);
    copyBytes(other.bytes, 0, other.size, this.bytes, this.size);
    this.size += other.size;
  }
}
