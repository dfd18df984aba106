/**
 * Writes the base of an append only file as commands, for `aof-use-rdb-preamble no`: the same items come as for an RDB file, and each key becomes
 * the commands that make it, as Redis words them.
 *
 *     string        SET                              expire time   PEXPIREAT
 *     list          RPUSH                            hash          HMSET, and HPEXPIREAT for fields with times
 *     set           SADD                             sorted set    ZADD
 *     stream        XADD for each entry, XSETID, XGROUP CREATE, XGROUP CREATECONSUMER, XCLAIM for what is pending
 *     anything else RESTORE
 *
 * Collections go in commands of 64 elements, so that nobody who reads the file needs much memory.
 */
import { crc64, updateCrc64, writeCrc64 } from '../../base/crc64.ts';
import { Id128, setId } from '../../base/id128.ts';
import { addInt64, int64, int64ToBigInt, int64ToString } from '../../base/int64.ts';
import * as intset from '../../memory/intset.ts';
import * as listpack from '../../memory/listpack.ts';
import { Pairs, readListpackBlock, visitListpack } from '../../rdb/blocks.ts';
import {
  CHECKSUM_SIZE,
  OPCODE_AUX,
  OPCODE_EXPIRE_MS,
  OPCODE_FREQ,
  OPCODE_IDLE,
  OPCODE_RESIZEDB,
  OPCODE_SELECTDB,
  QUICKLIST_PACKED,
  RDB_HASH,
  RDB_HASH_LISTPACK,
  RDB_HASH_METADATA,
  RDB_LIST_QUICKLIST_2,
  RDB_SET,
  RDB_SET_INTSET,
  RDB_SET_LISTPACK,
  RDB_STREAM_LISTPACKS_2,
  RDB_STREAM_LISTPACKS_3,
  RDB_STRING,
  RDB_VERSION_MAX,
  RDB_ZSET_2,
  RDB_ZSET_LISTPACK,
} from '../../rdb/format.ts';
import { copyItem, copyValue, PART_ELEMENTS, PART_HEAD, PART_ITEMS, type Part } from '../../rdb/items.ts';
import { RdbReader } from '../../rdb/reader.ts';
import { RdbWriter } from '../../rdb/writer.ts';
import { DELETED, master, readMaster, SAME_FIELDS } from '../../types/stream/block.ts';
import { writeId } from '../../types/stream/id-text.ts';
import type { Files } from '../files.ts';
import { TemporaryFile, type TemporaryFileOptions } from '../temporary-file.ts';
import { CommandText } from './command-text.ts';

/** Elements of one command. */
const ELEMENTS_MAX = 64;
/** What gathers before it is written. */
const WRITE_BYTES = 256 << 10;
const ID_SIZE = 16;
const ID_TEXT_MAX = 48;

export interface CommandBaseOptions {
  /** The time that the file begins with (aof-timestamp-enabled), in seconds; -1 for none. */
  seconds: number;
}

/** Words of one element, by the command that adds it. */
const WORDS_EACH: Record<string, number> = { RPUSH: 1, SADD: 1, HMSET: 2, ZADD: 2 };

export class CommandBaseWriter {
  private readonly file: TemporaryFile;
  private readonly afterKey: (() => void) | null;
  private readonly out = new CommandText();
  private readonly reader = new RdbReader();
  /** The key that is being written. */
  private name: Uint8Array = new Uint8Array(0);
  private type = 0;
  private expireMs = -1;
  /** Elements that gather for a command. */
  private readonly elements = new CommandText();
  private waiting = 0;
  private command = '';
  /** The least time of the fields of the hash that is being written; and commands for those that have one. */
  private least = 0;
  private readonly times = new CommandText();
  /** The id that was read last. */
  private readonly id = new Id128();
  private readonly idText = new Uint8Array(ID_TEXT_MAX);

  /** Throws when the file cannot be made. `afterKey` is for tests that want saving to last. */
  constructor(
    files: Files,
    options: TemporaryFileOptions,
    { seconds }: CommandBaseOptions,
    afterKey: (() => void) | null = null,
  ) {
    this.afterKey = afterKey;
    this.file = new TemporaryFile(files, options);
    if (seconds >= 0) this.out.plain(`#TS:${seconds}\r\n`);
  }

  /** Bytes written so far. */
  get written(): number {
    return this.file.written;
  }

  /** Adds what bytes[0..size), items with plain strings, stand for. Throws when the disk does. */
  add(bytes: Uint8Array, size: number, part: Part = PART_ITEMS): void {
    const { reader } = this;
    reader.open(bytes, 0, size);
    if (part === PART_ITEMS) {
      while (!reader.atEnd) this.item();
    } else if (part === PART_HEAD) {
      this.startKey(reader.byte());
      if (this.type === RDB_HASH_METADATA) this.least = reader.milliseconds();
      reader.length();
    } else if (part === PART_ELEMENTS) {
      while (!reader.atEnd) this.element();
    } else {
      if (this.isStream) this.streamTail();
      this.endKey();
    }
  }

  private item(): void {
    const { reader } = this;
    const start = reader.pos;
    const type = reader.byte();
    if (type === OPCODE_SELECTDB) {
      const index = reader.length();
      this.out.begin(2);
      this.out.text('SELECT');
      this.out.text(String(index));
      return;
    }
    if (type === OPCODE_AUX || type === OPCODE_RESIZEDB) {
      // What an RDB file says about itself.
      reader.pos = start;
      skipped.reset(false);
      copyItem(reader, skipped);
      return;
    }
    this.startKey(type);
    this.value();
    this.endKey();
  }

  /** Reads what comes before a value; `type` is the first byte of it. */
  private startKey(type: number): void {
    const { reader } = this;
    this.expireMs = -1;
    for (; type >= OPCODE_IDLE; type = reader.byte()) {
      if (type === OPCODE_EXPIRE_MS) this.expireMs = reader.milliseconds();
      else if (type === OPCODE_FREQ) reader.byte();
      else reader.length();
    }
    this.type = type;
    reader.string();
    this.name = reader.textBytes.slice(reader.textStart, reader.textEnd);
    this.command = COMMANDS.get(type) ?? '';
  }

  private endKey(): void {
    this.flushElements();
    this.out.append(this.times);
    this.times.clear();
    if (this.expireMs !== -1) {
      this.startCommand('PEXPIREAT', 3);
      this.out.text(String(this.expireMs));
    }
    this.afterKey?.();
    this.writeOut();
  }

  /** A command about the key; `words` counts it and the key, too. */
  private startCommand(name: string, words: number): void {
    this.out.begin(words);
    this.out.text(name);
    this.out.word(this.name, 0, this.name.length);
  }

  private writeOut(): void {
    const { out } = this;
    if (out.size < WRITE_BYTES) return;
    this.file.write(out.bytes, 0, out.size);
    out.clear();
  }

  // --- values -------------------------------------------------------------------------------------

  private get isStream(): boolean {
    return this.type === RDB_STREAM_LISTPACKS_2 || this.type === RDB_STREAM_LISTPACKS_3;
  }

  private value(): void {
    const { reader, type } = this;
    if (type === RDB_STRING) {
      reader.string();
      this.startCommand('SET', 3);
      this.out.word(reader.textBytes, reader.textStart, reader.textEnd);
    } else if (type === RDB_SET_LISTPACK || type === RDB_HASH_LISTPACK) {
      readListpackBlock(reader, 'Listpack');
      visitListpack(reader, this.addWord);
    } else if (type === RDB_ZSET_LISTPACK) this.packedZset();
    else if (type === RDB_SET_INTSET) this.packedIntegers();
    else if (ONE_BY_ONE.has(type)) {
      if (type === RDB_HASH_METADATA) this.least = reader.milliseconds();
      for (let left = reader.length(); left > 0; left--) this.element();
      if (this.isStream) this.streamTail();
    } else this.restore();
  }

  /** One word of an element; the command goes when it has enough of them. */
  private readonly addWord = (bytes: Uint8Array, start: number, end: number): void => {
    this.elements.word(bytes, start, end);
    if (++this.waiting === ELEMENTS_MAX * WORDS_EACH[this.command]) this.flushElements();
  };

  private addText(text: string): void {
    this.elements.text(text);
    if (++this.waiting === ELEMENTS_MAX * WORDS_EACH[this.command]) this.flushElements();
  }

  private flushElements(): void {
    const { elements } = this;
    if (this.waiting === 0) return;
    this.startCommand(this.command, 2 + this.waiting);
    this.out.append(elements);
    elements.clear();
    this.waiting = 0;
    this.writeOut();
  }

  private packedZset(): void {
    readListpackBlock(this.reader, 'Listpack');
    const pairs = new Pairs((member, score, start, end) => {
      this.addWord(score, start, end);
      this.addWord(member, 0, member.length);
    });
    visitListpack(this.reader, pairs.add);
    pairs.end();
  }

  private packedIntegers(): void {
    const { reader } = this;
    reader.string();
    const { textBytes, textStart } = reader;
    const count = intset.count(textBytes, textStart);
    for (let i = 0; i < count; i++) {
      intset.read(textBytes, textStart, i);
      this.addText(int64ToString(int64.hi, int64.lo));
    }
  }

  /** One element of a value that comes element by element. */
  private element(): void {
    const { reader, type } = this;
    if (type === RDB_LIST_QUICKLIST_2) this.node();
    else if (type === RDB_ZSET_2) {
      reader.string();
      const { textBytes, textStart, textEnd } = reader;
      this.addText(scoreText(reader.double()));
      this.addWord(textBytes, textStart, textEnd);
    } else if (type === RDB_HASH_METADATA) this.timedField();
    else if (this.isStream) this.block();
    else {
      this.string();
      if (type === RDB_HASH) this.string();
    }
  }

  private string(): void {
    const { reader } = this;
    reader.string();
    this.addWord(reader.textBytes, reader.textStart, reader.textEnd);
  }

  private node(): void {
    const { reader } = this;
    if (reader.length() === QUICKLIST_PACKED) {
      readListpackBlock(reader, 'Listpack');
      visitListpack(reader, this.addWord);
    } else this.string();
  }

  private timedField(): void {
    const { reader, times } = this;
    const after = reader.length();
    reader.string();
    const { textBytes, textStart, textEnd } = reader;
    if (after !== 0) {
      times.begin(6);
      times.text('HPEXPIREAT');
      times.word(this.name, 0, this.name.length);
      times.text(String(this.least + after - 1));
      times.text('FIELDS');
      times.text('1');
      times.word(textBytes, textStart, textEnd);
    }
    this.addWord(textBytes, textStart, textEnd);
    this.string();
  }

  /** What no other command makes. */
  private restore(): void {
    payload.reset(false);
    payload.byte(this.type);
    copyValue(this.reader, payload, this.type);
    payload.byte(RDB_VERSION_MAX & 255);
    payload.byte(RDB_VERSION_MAX >>> 8);
    updateCrc64(0, 0, payload.bytes, 0, payload.size);
    const sum = new Uint8Array(CHECKSUM_SIZE);
    writeCrc64(crc64.hi, crc64.lo, sum, 0);
    payload.raw(sum, 0, CHECKSUM_SIZE);
    this.startCommand('RESTORE', 4);
    this.out.text('0');
    this.out.word(payload.bytes, 0, payload.size);
    payload.keepSmall();
  }

  // --- streams ------------------------------------------------------------------------------------

  /** The id and the listpack of a block: an XADD for each entry that is not deleted. */
  private block(): void {
    const { reader } = this;
    reader.string();
    const at = reader.textStart;
    const words = new DataView(reader.textBytes.buffer, reader.textBytes.byteOffset + at, ID_SIZE);
    const [msHi, msLo, seqHi, seqLo] = [0, 4, 8, 12].map((offset) => words.getInt32(offset));
    readListpackBlock(reader, 'Listpack');
    const { textBytes, textStart } = reader;
    readMaster(textBytes, textStart);
    const { fields, firstField, firstEntry } = master;
    for (let element = textBytes[firstEntry] === listpack.END ? -1 : firstEntry; element >= 0; ) {
      element = this.entry(textBytes, element, fields, firstField, msHi, msLo, seqHi, seqLo);
    }
    this.writeOut();
  }

  /** Writes the entry at `element`. Returns the one behind it, or -1. */
  private entry(
    u8: Uint8Array,
    element: number,
    masterFields: number,
    firstField: number,
    msHi: number,
    msLo: number,
    seqHi: number,
    seqLo: number,
  ): number {
    listpack.readInteger(u8, element);
    const flags = int64.lo;
    element = listpack.next(u8, element);
    listpack.readInteger(u8, element);
    addInt64(msHi, msLo, int64.hi, int64.lo);
    const { hi, lo } = int64;
    element = listpack.next(u8, element);
    listpack.readInteger(u8, element);
    addInt64(seqHi, seqLo, int64.hi, int64.lo);
    setId(this.id, hi, lo, int64.hi, int64.lo);
    element = listpack.next(u8, element);
    const isSame = (flags & SAME_FIELDS) !== 0;
    let fields = masterFields;
    if (!isSame) {
      listpack.readInteger(u8, element);
      fields = int64.lo;
      element = listpack.next(u8, element);
    }
    const writes = (flags & DELETED) === 0;
    if (writes) {
      this.startCommand('XADD', 3 + fields * 2);
      this.writeId();
    }
    let name = firstField;
    for (let left = fields; left > 0; left--) {
      if (isSame) {
        if (writes) this.writeElement(u8, name);
        name = listpack.next(u8, name);
      } else {
        if (writes) this.writeElement(u8, element);
        element = listpack.next(u8, element);
      }
      if (writes) this.writeElement(u8, element);
      element = listpack.next(u8, element);
    }
    return listpack.next(u8, element);
  }

  private writeElement(u8: Uint8Array, element: number): void {
    listpack.read(u8, element);
    const { bytes, start, end } = listpack.text;
    this.out.word(bytes, start, end);
  }

  private writeId(): void {
    this.out.word(this.idText, 0, writeId(this.id, this.idText, 0));
  }

  /** Reads an id that is two lengths. */
  private readId(): void {
    const { reader } = this;
    reader.length64();
    const { hi, lo } = int64;
    reader.length64();
    setId(this.id, hi, lo, int64.hi, int64.lo);
  }

  /** Reads an id of 16 bytes. */
  private readIdBytes(): void {
    const { reader } = this;
    reader.bytesOf(ID_SIZE);
    const words = new DataView(
      reader.textBytes.buffer,
      reader.textBytes.byteOffset + reader.textStart,
      ID_SIZE,
    );
    setId(this.id, words.getInt32(0), words.getInt32(4), words.getInt32(8), words.getInt32(12));
  }

  private streamTail(): void {
    const { out, reader } = this;
    const length = reader.length();
    this.readId();
    const last = this.idText.slice(0, writeId(this.id, this.idText, 0));
    this.readId(); // the first one, which is known from the entries
    this.readId();
    const deleted = this.idText.slice(0, writeId(this.id, this.idText, 0));
    reader.length64();
    const added = unsignedText(int64.hi, int64.lo);
    if (length === 0) {
      // An entry that is trimmed as it comes leaves an empty stream.
      this.startCommand('XADD', 7);
      for (const word of ['MAXLEN', '0', '0-1', 'x', 'y']) out.text(word);
    }
    this.startCommand('XSETID', 7);
    out.word(last, 0, last.length);
    out.text('ENTRIESADDED');
    out.text(added);
    out.text('MAXDELETEDID');
    out.word(deleted, 0, deleted.length);
    for (let groups = reader.length(); groups > 0; groups--) this.group();
  }

  private group(): void {
    const { out, reader } = this;
    reader.string();
    const group = reader.textBytes.slice(reader.textStart, reader.textEnd);
    this.readId();
    reader.length64();
    const read = int64ToString(int64.hi, int64.lo);
    out.begin(7);
    out.text('XGROUP');
    out.text('CREATE');
    out.word(this.name, 0, this.name.length);
    out.word(group, 0, group.length);
    this.writeId();
    out.text('ENTRIESREAD');
    out.text(read);
    const pending = new Map<string, readonly [ms: string, times: string]>();
    for (let left = reader.length(); left > 0; left--) {
      this.readIdBytes();
      const id = this.idAsText();
      const ms = String(reader.milliseconds());
      reader.length64();
      pending.set(id, [ms, unsignedText(int64.hi, int64.lo)]);
    }
    for (let consumers = reader.length(); consumers > 0; consumers--) this.consumer(group, pending);
  }

  private consumer(group: Uint8Array, pending: Map<string, readonly [string, string]>): void {
    const { out, reader } = this;
    reader.string();
    const name = reader.textBytes.slice(reader.textStart, reader.textEnd);
    reader.milliseconds();
    if (this.type === RDB_STREAM_LISTPACKS_3) reader.milliseconds();
    const count = reader.length();
    if (count === 0) {
      out.begin(5);
      out.text('XGROUP');
      out.text('CREATECONSUMER');
      out.word(this.name, 0, this.name.length);
      out.word(group, 0, group.length);
      out.word(name, 0, name.length);
    }
    for (let left = count; left > 0; left--) {
      this.readIdBytes();
      const [ms, times] = pending.get(this.idAsText())!;
      this.startCommand('XCLAIM', 12);
      out.word(group, 0, group.length);
      out.word(name, 0, name.length);
      out.text('0');
      this.writeId();
      for (const word of ['TIME', ms, 'RETRYCOUNT', times, 'JUSTID', 'FORCE']) out.text(word);
      this.writeOut();
    }
  }

  private idAsText(): string {
    const size = writeId(this.id, this.idText, 0);
    return String.fromCharCode(...this.idText.subarray(0, size));
  }

  // --- the end ------------------------------------------------------------------------------------

  /** The file is there when this returns: TemporaryFile.finish(). */
  end(isWanted: () => boolean = () => true): void {
    const { out } = this;
    this.file.write(out.bytes, 0, out.size);
    this.file.finish(isWanted);
  }

  /** Leaves nothing behind, unless the file is whole already or was given up. Never throws. */
  abort(): void {
    this.file.abort();
  }
}

const skipped = new RdbWriter();
const payload = new RdbWriter();

const COMMANDS: ReadonlyMap<number, string> = new Map([
  [RDB_LIST_QUICKLIST_2, 'RPUSH'],
  [RDB_SET, 'SADD'],
  [RDB_SET_INTSET, 'SADD'],
  [RDB_SET_LISTPACK, 'SADD'],
  [RDB_HASH, 'HMSET'],
  [RDB_HASH_LISTPACK, 'HMSET'],
  [RDB_HASH_METADATA, 'HMSET'],
  [RDB_ZSET_2, 'ZADD'],
  [RDB_ZSET_LISTPACK, 'ZADD'],
]);

/** Types whose elements come one by one behind their count. */
const ONE_BY_ONE: ReadonlySet<number> = new Set([
  RDB_LIST_QUICKLIST_2,
  RDB_SET,
  RDB_HASH,
  RDB_HASH_METADATA,
  RDB_ZSET_2,
  RDB_STREAM_LISTPACKS_2,
  RDB_STREAM_LISTPACKS_3,
]);

function unsignedText(hi: number, lo: number): string {
  return hi >= 0 ? int64ToString(hi, lo) : BigInt.asUintN(64, int64ToBigInt(hi, lo)).toString();
}

function scoreText(score: number): string {
  if (Object.is(score, -0)) return '-0';
  if (Math.abs(score) === Infinity) return score > 0 ? 'inf' : '-inf';
  return String(score);
}
