/**
 * Checks an RDB file as redis-check-rdb does, in its words: what it says about itself, whether every value can be loaded, the checksum, and how
 * many keys there are.
 *
 * Every item is copied by the grammar of files, as for loading; every value is then made in a keyspace of its own and removed again, so that
 * what only loading would find is found (a member twice, a block that cannot be read), with the memory of one value.
 */
import { stringFromBytes } from '../../base/bytes.ts';
import { SipHasher } from '../../base/siphash.ts';
import { Keyspace } from '../../keyspace/keyspace.ts';
import {
  OPCODE_AUX,
  OPCODE_EOF,
  OPCODE_EXPIRE_MS,
  OPCODE_EXPIRE_SECONDS,
  OPCODE_FREQ,
  OPCODE_FUNCTION,
  OPCODE_IDLE,
  OPCODE_SELECTDB,
} from '../../rdb/format.ts';
import { copyItem, ITEM_KEY, READING_OPERANDS, READING_TYPE, READING_VALUE, seen } from '../../rdb/items.ts';
import { CorruptRdbError, RdbReader } from '../../rdb/reader.ts';
import { loadValue } from '../../rdb/value.ts';
import { RdbWriter } from '../../rdb/writer.ts';
import type { Files } from '../files.ts';
import { RdbFileReader } from './file-reader.ts';

/** Names of value types, by their RDB number, as redis-check-rdb has them. */
const TYPE_NAMES = [
  'string',
  'list-linked',
  'set-hashtable',
  'zset-v1',
  'hash-hashtable',
  'zset-v2',
  'module-pre-release',
  'module-value',
  '',
  'hash-zipmap',
  'list-ziplist',
  'set-intset',
  'zset-ziplist',
  'hash-ziplist',
  'quicklist',
  'stream',
  'hash-listpack',
  'zset-listpack',
  'quicklist-v2',
  'stream-v2',
  'set-listpack',
  'stream-v3',
  'hash-hashtable-md-pre-release',
  'hash-listpack-md-pre-release',
  'hash-hashtable-md',
  'hash-listpack-md',
];

/** Checks the file; `say` gets the report line by line. True when it is sound. Throws nothing that a file or the disk can cause. */
export function checkRdbFile(
  files: Files,
  path: string,
  nowMs: number,
  say: (line: string) => void,
): boolean {
  let fd = -1;
  try {
    fd = files.open(path, 'r');
    return new RdbChecker(new RdbFileReader(files, fd, files.size(fd), 0), nowMs, say).run(path);
  } catch (error) {
    say(`Cannot read the file: ${(error as Error).message}`);
    return false;
  } finally {
    if (fd >= 0) files.close(fd);
  }
}

class RdbChecker {
  private readonly file: RdbFileReader;
  private readonly nowMs: number;
  private readonly say: (line: string) => void;
  private readonly writer = new RdbWriter();
  private readonly item = new RdbReader();
  private readonly keyspace = new Keyspace(new SipHasher(0, 0), 1);
  private doing = 'start';
  /** The key at hand; null before its name has been read. */
  private key: string | null = null;
  private keys = 0;
  private expires = 0;
  private expired = 0;

  constructor(file: RdbFileReader, nowMs: number, say: (line: string) => void) {
    this.file = file;
    this.nowMs = nowMs;
    this.say = say;
  }

  run(path: string): boolean {
    this.writer.reset(false);
    this.tell(`Checking RDB file ${path}`);
    try {
      this.file.begin();
      while (this.next());
      this.doing = 'check-sum';
      this.key = null;
      this.file.finish(true);
    } catch (error) {
      if (!(error instanceof CorruptRdbError)) throw error;
      this.tellError(error.message);
      return false;
    }
    if (this.file.version >= 5) {
      this.tell(
        this.file.hasChecksum
          ? 'Checksum OK'
          : 'RDB file was saved with checksum disabled: no check performed.',
      );
    }
    this.tell('\\o/ RDB looks OK! \\o/');
    this.tellCounts();
    return true;
  }

  /** One item; false at the end mark. */
  private next(): boolean {
    const { file, item, writer } = this;
    writer.keepSmall();
    this.doing = '';
    this.key = null;
    const opcode = copyItem(file, writer);
    if (opcode === OPCODE_EOF) return false;
    item.open(writer.bytes, 0, writer.size);
    if (opcode === ITEM_KEY) this.checkKey();
    else if (opcode === OPCODE_AUX) {
      item.byte();
      const name = this.text();
      this.tell(`AUX FIELD ${name} = '${this.text()}'`);
    } else if (opcode === OPCODE_SELECTDB) {
      item.byte();
      this.tell(`Selecting DB ID ${item.length()}`);
    } else if (opcode === OPCODE_FUNCTION) {
      this.tell('A library of functions: this version cannot load the file');
    }
    return true;
  }

  private text(): string {
    const { item } = this;
    item.string();
    return stringFromBytes(item.textBytes, item.textStart, item.textEnd);
  }

  private checkKey(): void {
    const { item, keyspace } = this;
    const atMs = this.readPrefix();
    const bytes = Buffer.from(this.text(), 'latin1');
    this.key = bytes.toString('latin1');
    const db = keyspace.databases[0];
    const key = { hash: keyspace.hasher.hash(bytes, 0, bytes.length), bytes, start: 0, end: bytes.length };
    this.keys++;
    if (atMs !== null) {
      this.expires++;
      if (atMs < this.nowMs) this.expired++;
    }
    loadValue(item, seen.type, db, key);
    db.remove(key.hash, db.find(key.hash, bytes, 0, bytes.length), false);
  }

  /** Reads up to the name of a key; when it expires, or null. */
  private readPrefix(): number | null {
    const { item } = this;
    for (let atMs: number | null = null; ; ) {
      const type = item.byte();
      if (type === OPCODE_EXPIRE_MS) atMs = item.milliseconds();
      else if (type === OPCODE_EXPIRE_SECONDS) atMs = item.seconds() * 1000;
      else if (type === OPCODE_FREQ) item.byte();
      else if (type === OPCODE_IDLE) item.length();
      else return atMs;
    }
  }

  // --- the report ---------------------------------------------------------------------------------

  private tell(text: string): void {
    this.say(`[offset ${this.file.offset}] ${text}`);
  }

  private tellError(reason: string): void {
    this.say('--- RDB ERROR DETECTED ---');
    this.tell(reason);
    const isItem = this.doing === '';
    this.say(`[additional info] While doing: ${isItem ? this.step() : this.doing}`);
    const isValue = isItem && seen.step === READING_VALUE;
    if (isValue) {
      if (this.key === null) this.keys++;
      this.say(`[additional info] Reading key '${this.key ?? this.nameInWriter()}'`);
      this.say(`[additional info] Reading type ${seen.type} (${TYPE_NAMES[seen.type] ?? 'unknown'})`);
    }
    this.tellCounts();
  }

  private step(): string {
    if (seen.step === READING_TYPE) return 'read-type';
    if (seen.step === READING_OPERANDS) return seen.type === OPCODE_AUX ? 'read-aux' : 'read-len';
    return seen.step === READING_VALUE ? 'read-object-value' : 'read-key';
  }

  /** The name of the key whose value could not be copied. */
  private nameInWriter(): string {
    const { item, writer } = this;
    item.open(writer.bytes, seen.nameAt, writer.size);
    return this.text();
  }

  private tellCounts(): void {
    this.say(`[info] ${this.keys} keys read`);
    this.say(`[info] ${this.expires} expires`);
    this.say(`[info] ${this.expired} already expired`);
  }
}
