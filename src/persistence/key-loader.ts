/**
 * Makes keys of the items of an RDB file: the executor's part of loading. The items come with plain strings in buffers that hold whole ones
 * (rdb/load-file.ts), and are taken in slices, so that clients are answered meanwhile.
 */
import { copyBytes, stringFromBytes } from '../base/bytes.ts';
import type { Database } from '../keyspace/database.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { byteOffsetOf, segmentOf } from '../memory/address.ts';
import { writeAccess } from '../memory/record.ts';
import {
  OPCODE_AUX,
  OPCODE_EXPIRE_MS,
  OPCODE_EXPIRE_SECONDS,
  OPCODE_FREQ,
  OPCODE_FUNCTION,
  OPCODE_IDLE,
  OPCODE_RESIZEDB,
  OPCODE_SELECTDB,
  OPCODE_SLOT_INFO,
} from '../rdb/format.ts';
import { CorruptRdbError, EmptyValueError, RdbReader } from '../rdb/reader.ts';
import { loadValue } from '../rdb/value.ts';

/** Keys between two looks at the clock. */
const KEYS_PER_LOOK = 32;

export interface LoaderOptions {
  /** Keys whose time has passed are left out: only a file of our own that a log follows keeps them. */
  dropsExpired: boolean;
  /** A key that is there already is replaced instead of being an error. */
  replaces: boolean;
  /** A key of no elements has been left out. */
  onEmptyKey?: (name: string) => void;
}

export class KeyLoader {
  keysLoaded = 0;
  keysExpired = 0;
  /** Collections without elements, which a bug of an old version saved. */
  emptyKeys = 0;
  /** What the file says about itself. */
  readonly facts = new Map<string, string>();
  private readonly keyspace: Keyspace;
  private readonly options: LoaderOptions;
  private readonly reader = new RdbReader();
  private db: Database;
  private readonly key = { hash: 0, bytes: new Uint8Array(1024), start: 0, end: 0 };
  /** What the opcodes before a key said; -1 for nothing. */
  private expireMs = -1;
  private idleSeconds = -1;
  private frequency = -1;

  constructor(keyspace: Keyspace, options: LoaderOptions) {
    this.keyspace = keyspace;
    this.options = options;
    this.db = keyspace.databases[0];
  }

  /** What was read last, for people to see when it was wrong. */
  get where(): string {
    const { bytes, start, end } = this.key;
    return end === 0 ? 'before the first key' : `at key '${stringFromBytes(bytes, start, end)}' or behind it`;
  }

  /** Goes on with bytes[0..size). */
  open(bytes: Uint8Array, size: number): void {
    this.reader.open(bytes, 0, size);
  }

  /** True when everything given has been loaded. */
  get empty(): boolean {
    return this.reader.atEnd;
  }

  /** Loads until the bytes end or `mayGoOn`, asked now and then, says no. Throws CorruptRdbError. */
  run(mayGoOn: () => boolean): void {
    const { reader } = this;
    let keys = 0;
    while (!reader.atEnd) {
      if (!this.item()) continue;
      if (++keys % KEYS_PER_LOOK === 0 && !mayGoOn()) return;
    }
  }

  /** One item; true when it was a key. */
  private item(): boolean {
    const { reader } = this;
    const type = reader.byte();
    if (type === OPCODE_EXPIRE_MS) this.expireMs = reader.milliseconds();
    else if (type === OPCODE_EXPIRE_SECONDS) this.expireMs = reader.seconds() * 1000;
    else if (type === OPCODE_FREQ) this.frequency = reader.byte();
    else if (type === OPCODE_IDLE) this.idleSeconds = reader.length();
    else if (type >= OPCODE_SLOT_INFO) this.opcode(type);
    else {
      this.loadKey(type);
      return true;
    }
    return false;
  }

  private opcode(opcode: number): void {
    const { reader } = this;
    if (opcode === OPCODE_SELECTDB) {
      const index = reader.length();
      this.db = this.keyspace.databases[index];
      if (this.db === undefined) {
        throw new CorruptRdbError(
          `Data file was created with a Redis server configured to handle more than ${this.keyspace.databases.length} databases`,
        );
      }
    } else if (opcode === OPCODE_AUX) {
      const name = this.text();
      this.facts.set(name, this.text());
    } else if (opcode === OPCODE_RESIZEDB) {
      // Only a hint of sizes: our tables grow a segment at a time.
      reader.length();
      reader.length();
    } else if (opcode === OPCODE_SLOT_INFO) {
      for (let i = 0; i < 3; i++) reader.length();
    } else if (opcode === OPCODE_FUNCTION) {
      throw new CorruptRdbError('the file holds a library of functions, which this version cannot keep');
    }
  }

  private text(): string {
    const { reader } = this;
    reader.string();
    return String.fromCharCode(...reader.textBytes.subarray(reader.textStart, reader.textEnd));
  }

  private loadKey(rdbType: number): void {
    const { db, key, reader } = this;
    reader.string();
    this.takeKey();
    const { expireMs, idleSeconds, frequency } = this;
    this.expireMs = -1;
    this.idleSeconds = -1;
    this.frequency = -1;
    const old = db.find(key.hash, key.bytes, key.start, key.end);
    if (old !== 0) {
      if (!this.options.replaces) throw new CorruptRdbError('RDB has duplicated key');
      db.remove(key.hash, old, false);
    }
    const address = this.loadUnlessEmpty(rdbType);
    if (address === 0) return;
    if (expireMs !== -1 && this.options.dropsExpired && expireMs < this.keyspace.nowMs) {
      db.remove(key.hash, address, false);
      this.keysExpired++;
      return;
    }
    const at = expireMs === -1 ? address : db.setExpire(key.hash, address, expireMs);
    const bits = this.keyspace.access.given(idleSeconds, frequency);
    if (bits >= 0) writeAccess(db.arena.i32[segmentOf(at)], byteOffsetOf(at), bits);
    this.keysLoaded++;
  }

  /** The address of the key; 0 when the value has no elements. */
  private loadUnlessEmpty(rdbType: number): number {
    const { key } = this;
    try {
      return loadValue(this.reader, rdbType, this.db, key);
    } catch (error) {
      if (!(error instanceof EmptyValueError)) throw error;
      this.emptyKeys++;
      this.options.onEmptyKey?.(stringFromBytes(key.bytes, 0, key.end));
      return 0;
    }
  }

  /** Copies the name just read to where the value's strings cannot overwrite it. */
  private takeKey(): void {
    const { key, reader } = this;
    const size = reader.textEnd - reader.textStart;
    if (size > key.bytes.length) key.bytes = new Uint8Array(size * 2);
    copyBytes(reader.textBytes, reader.textStart, reader.textEnd, key.bytes, 0);
    key.end = size;
    key.hash = this.keyspace.hasher.hash(key.bytes, 0, size);
  }
}
