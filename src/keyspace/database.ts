/**
 * One database: the table of its keys and the order in which they, or elements of them, expire.
 *
 * There are four ways to look a key up, as Redis has them; a key whose time has come is deleted and not found by any of them.
 *
 *   find()           says only whether it is there                       DEL, RENAME's target
 *   findForWrite()   and marks the key as used                           INCR, APPEND, EXPIRE
 *   findForRead()    and counts a hit or a miss                          GET, STRLEN, TOUCH
 *   peek()           counts a hit or a miss and leaves no other mark     EXISTS, TYPE, TTL, OBJECT
 *
 * Only the table's slot holds a record's address, so a record may move whenever it is written: every method that
 * can move it returns where it is now. A method that takes `address` wants one that find() or a method here
 * has just returned; 0 means that there is no such key.
 */
import { copyBytes } from '../base/bytes.ts';
import { byteOffsetOf, segmentOf } from '../memory/address.ts';
import type { Arena } from '../memory/arena.ts';
import { Dict } from '../memory/dict.ts';
import { ExpiryIndex } from '../memory/expiry-index.ts';
import {
  expireAtMs,
  flagsOf,
  HAS_EXPIRE,
  keyLength,
  keyOffset,
  LARGE,
  readWord0,
  usedSize,
  valueWord,
  writeExpireAtMs,
} from '../memory/record.ts';
import { collectionKind } from './collections.ts';
import { copyRecord, NO_EXPIRE, separateValue } from './copy-record.ts';
import { EVICTED, EXPIRED, KEY_MISS, type KeyEvent, NEW } from './events.ts';
import type { Keyspace } from './keyspace.ts';
import type { LazyFree } from './lazy-free.ts';

export { NO_EXPIRE } from './copy-record.ts';

const HAS_EXPIRE_BIT = HAS_EXPIRE << 8;
/** How many expire times averageTtlMs() looks at. */
const TTL_SAMPLES = 32;

export class Database {
  readonly keyspace: Keyspace;
  readonly index: number;
  readonly arena: Arena;
  dict: Dict;
  expires: ExpiryIndex;
  /** The keys whose elements have expire times of their own, each at the time of its first one. */
  elementExpires: ExpiryIndex;
  /** Which database the table belonged to when the last snapshot was begun. */
  snapshotIndex: number;

  /** What is inserted takes the place of a key that has just been removed: it does not count as a new one. */
  isReplacing = false;

  constructor(keyspace: Keyspace, index: number) {
    this.keyspace = keyspace;
    this.index = index;
    this.snapshotIndex = index;
    this.arena = keyspace.arena;
    this.dict = new Dict(this.arena);
    this.expires = new ExpiryIndex(this.arena);
    this.elementExpires = new ExpiryIndex(this.arena);
  }

  get count(): number {
    return this.dict.count;
  }

  // --- finding ------------------------------------------------------------------------------------

  /** The record of key bytes[start..end), or 0. A key whose time has come is deleted and not found. Allocates nothing. */
  find(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const address = this.dict.find(hash, bytes, start, end);
    if (address === 0) return 0;
    const i32 = this.arena.i32[segmentOf(address)];
    if ((i32[byteOffsetOf(address) >>> 2] & HAS_EXPIRE_BIT) !== 0 && this.expireIfDue(hash, address))
      return 0;
    return address;
  }

  /** find() for a command that changes the key: marks it as used. */
  findForWrite(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const address = this.find(hash, bytes, start, end);
    if (address !== 0) {
      this.touch(address);
      if (this.keyspace.keeper !== null) this.keyspace.keeper.keep(this, address);
    }
    return address;
  }

  /**
   * To be called before a record that find() gave is changed in place; findForWrite() and the methods that replace, move or remove
   * records do. A snapshot under way writes it as it is.
   */
  keep(address: number): void {
    if (this.keyspace.keeper !== null) this.keyspace.keeper.keep(this, address);
  }

  /** find() for a command that reads the value: counts hits and misses and marks the key as used. */
  findForRead(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const address = this.peek(hash, bytes, start, end);
    if (address !== 0) this.touch(address);
    return address;
  }

  /** find() for a command that reads about the key: counts hits and misses. */
  peek(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const address = this.find(hash, bytes, start, end);
    if (address === 0) this.miss(hash, bytes, start, end);
    else this.keyspace.hits++;
    return address;
  }

  private miss(hash: number, bytes: Uint8Array, start: number, end: number): void {
    this.keyspace.misses++;
    this.changed(KEY_MISS, hash, bytes, start, end);
  }

  private touch(address: number): void {
    this.keyspace.access.touch(this.arena.i32[segmentOf(address)], byteOffsetOf(address));
  }

  /** True when the key's time has come. It stays: for those who walk over many keys. */
  isDue(address: number): boolean {
    const atMs = this.expireOf(address);
    return atMs !== NO_EXPIRE && atMs <= this.keyspace.nowMs && this.keyspace.lazyExpireEnabled;
  }

  /** Deletes the key if its time has come; true when it is gone, or would be if the data did not stand still. */
  expireIfDueAt(address: number): boolean {
    if (!this.isDue(address)) return false;
    if (this.keyspace.frozen) return true;
    this.readKey(address);
    this.expireNow(this.keyspace.hasher.hash(this.keyBytes, this.keyStart, this.keyEnd), address);
    return true;
  }

  private expireIfDue(hash: number, address: number): boolean {
    const keyspace = this.keyspace;
    const atMs = expireAtMs(this.arena.f64[segmentOf(address)], byteOffsetOf(address));
    if (atMs > keyspace.nowMs || !keyspace.lazyExpireEnabled) return false;
    if (keyspace.frozen) return true;
    this.expireNow(hash, address);
    return true;
  }

  private expireNow(hash: number, address: number): void {
    const keyspace = this.keyspace;
    if (keyspace.onExpire !== null) keyspace.onExpire(this, hash, address);
    if (keyspace.onChange !== null) this.changedAt(EXPIRED, hash, address);
    keyspace.expired++;
    this.remove(hash, address, keyspace.lazy.expire);
  }

  /** Deletes the key to make room; with `lazily` a large value is freed in the background. */
  evict(hash: number, address: number, lazily: boolean): void {
    const { keyspace } = this;
    if (keyspace.onEvict !== null) keyspace.onEvict(this, address);
    if (keyspace.onChange !== null) this.changedAt(EVICTED, hash, address);
    keyspace.evicted++;
    this.remove(hash, address, lazily);
  }

  // --- telling what happens -----------------------------------------------------------------------

  /** Says that `event` has happened to key bytes[start..end), which need not be in the database any more. Costs a comparison while nobody wants to know. */
  changed(event: KeyEvent, hash: number, bytes: Uint8Array, start: number, end: number): void {
    const { onChange } = this.keyspace;
    if (onChange !== null) onChange(this, event, hash, bytes, start, end);
  }

  /** The same for the key of a record. */
  changedAt(event: KeyEvent, hash: number, address: number): void {
    if (this.keyspace.onChange === null) return;
    this.readKey(address);
    this.changed(event, hash, this.keyBytes, this.keyStart, this.keyEnd);
  }

  // --- adding and removing ------------------------------------------------------------------------

  /** Puts a new record under a key that is not in the database. */
  insert(hash: number, address: number): void {
    this.dict.insert(hash, address);
    if (this.keyspace.onReady !== null) this.keyspace.onReady(this, hash, address);
    if (this.keyspace.onChange !== null && !this.isReplacing) this.changedAt(NEW, hash, address);
  }

  /** Puts `record` where `old` was, under the same key, and frees `old` with its value. `record` has no expire time in order yet. */
  replace(hash: number, old: number, record: number): void {
    this.keep(old);
    if (this.keyspace.onGone !== null) this.keyspace.onGone(this, hash, old);
    this.dropExpire(hash, old);
    this.dropElementExpire(hash, old);
    this.dict.replace(hash, old, record);
    if (this.keyspace.onReady !== null) this.keyspace.onReady(this, hash, record);
    this.keyspace.lazyFree.freeRecord(old, this.keyspace.lazy.serverDelete);
  }

  /** The record has moved: frees the old cell, not the value's outside memory. */
  moved(hash: number, from: number, to: number): void {
    this.dict.replace(hash, from, to);
    this.arena.free(from);
  }

  /** Deletes the key and frees its memory; with `lazily` a large value's buffer is freed by bio. */
  remove(hash: number, address: number, lazily: boolean): void {
    this.keep(address);
    if (this.keyspace.onGone !== null) this.keyspace.onGone(this, hash, address);
    this.dropExpire(hash, address);
    this.dropElementExpire(hash, address);
    this.dict.remove(hash, address);
    this.keyspace.lazyFree.freeRecord(address, lazily);
  }

  /** Takes the key out and leaves the record alive, its expire time in it. */
  take(hash: number, address: number): void {
    this.keep(address);
    if (this.keyspace.onGone !== null) this.keyspace.onGone(this, hash, address);
    this.dropExpire(hash, address);
    this.dropElementExpire(hash, address);
    this.dict.remove(hash, address);
  }

  /** The opposite of take(): puts a record under a key that is not there, and its expire time in order. */
  give(hash: number, address: number): void {
    this.insert(hash, address);
    const atMs = this.expireOf(address);
    if (atMs !== NO_EXPIRE) this.expires.add(atMs, hash);
    const elementMs = this.elementTimeOf(address);
    if (elementMs !== 0) this.elementExpires.add(elementMs, hash);
  }

  /**
   * Gives the record another key, bytes[start..end), that is not in the database; value and expire time stay. Returns where
   * the record is now.
   */
  rename(
    hash: number,
    address: number,
    toHash: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    const renamed = copyRecord(this.keyspace, address, bytes, start, end, this.expireOf(address));
    this.take(hash, address);
    // An inline value that moved out is the only one that both do not share; the old cell holds just bytes then.
    this.arena.free(address);
    this.give(toHash, renamed);
    return renamed;
  }

  /** Puts a copy of a record of any database, with its expire time, under a key that is not there. Returns its address. */
  addCopy(address: number, hash: number, bytes: Uint8Array, start: number, end: number): number {
    const copy = copyRecord(this.keyspace, address, bytes, start, end, this.expireOf(address));
    separateValue(this.keyspace, copy);
    this.give(hash, copy);
    return copy;
  }

  // --- expiry -------------------------------------------------------------------------------------

  /** Absolute milliseconds, or NO_EXPIRE. */
  expireOf(address: number): number {
    const segment = segmentOf(address);
    const base = byteOffsetOf(address);
    if ((this.arena.i32[segment][base >>> 2] & HAS_EXPIRE_BIT) === 0) return NO_EXPIRE;
    return expireAtMs(this.arena.f64[segment], base);
  }

  /** Sets or changes the time; the record may move. Returns its address. */
  setExpire(hash: number, address: number, atMs: number): number {
    this.keep(address);
    if (this.expireOf(address) === NO_EXPIRE) address = this.reshape(hash, address, true);
    else this.dropExpire(hash, address);
    writeExpireAtMs(this.arena.f64[segmentOf(address)], byteOffsetOf(address), atMs);
    this.expires.add(atMs, hash);
    return address;
  }

  /** Removes the time; the record may move. Returns its address. */
  clearExpire(hash: number, address: number): number {
    if (this.expireOf(address) === NO_EXPIRE) return address;
    this.keep(address);
    this.dropExpire(hash, address);
    return this.reshape(hash, address, false);
  }

  private dropExpire(hash: number, address: number): void {
    const atMs = this.expireOf(address);
    if (atMs !== NO_EXPIRE) this.expires.remove(atMs, hash);
  }

  /** The same record with or without room for an expire time. */
  private reshape(hash: number, address: number, withExpire: boolean): number {
    const arena = this.arena;
    const fromSegment = segmentOf(address);
    const fromBase = byteOffsetOf(address);
    const size = usedSize(arena.i32[fromSegment], fromBase);
    const to = arena.allocate(size + (withExpire ? 8 : -8));
    const source = arena.u8[fromSegment];
    const target = arena.u8[segmentOf(to)];
    const toBase = byteOffsetOf(to);
    for (let i = 0; i < 8; i++) target[toBase + i] = source[fromBase + i];
    const from = fromBase + (withExpire ? 8 : 16);
    copyBytes(source, from, fromBase + size, target, toBase + (withExpire ? 16 : 8));
    arena.i32[segmentOf(to)][toBase >>> 2] ^= HAS_EXPIRE_BIT;
    this.moved(hash, address, to);
    return to;
  }

  /** When the first element of the key is due that has a time of its own; 0 when none has. */
  private elementTimeOf(address: number): number {
    const i32 = this.arena.i32[segmentOf(address)];
    const base = byteOffsetOf(address);
    const expiry = collectionKind(readWord0(i32, base))?.elementExpiry;
    return expiry === undefined ? 0 : expiry.nextMs(this.arena, valueWord(i32, base));
  }

  private dropElementExpire(hash: number, address: number): void {
    if (this.elementExpires.count === 0) return;
    const atMs = this.elementTimeOf(address);
    if (atMs !== 0) this.elementExpires.remove(atMs, hash);
  }

  /** When the next key, or the next element of one, is due; Infinity when none has a TTL. */
  get nextExpireMs(): number {
    return Math.min(this.expires.firstTime(), this.elementExpires.firstTime());
  }

  /** Deletes up to `limit` keys and elements of keys that are due. Returns how many it dealt with. */
  expireDue(limit: number): number {
    const now = this.keyspace.nowMs;
    let done = 0;
    while (done < limit && this.expires.firstTime() <= now) {
      this.expireFirst();
      done++;
    }
    while (done < limit && this.elementExpires.firstTime() <= now)
      done += this.expireFirstElements(limit - done);
    return done;
  }

  private expireFirstElements(limit: number): number {
    const atMs = this.elementExpires.firstTime();
    const hash = this.elementExpires.firstHash();
    let address = this.dict.firstWithHash(hash);
    while (address !== 0 && this.elementTimeOf(address) !== atMs)
      address = this.dict.nextWithHash(hash, address);
    if (address === 0) throw new Error('the index of element times names a key that does not exist');
    this.keep(address);
    const word0 = readWord0(this.arena.i32[segmentOf(address)], byteOffsetOf(address));
    return collectionKind(word0)!.elementExpiry!.expireDue(this, hash, address, limit);
  }

  private expireFirst(): void {
    const atMs = this.expires.firstTime();
    const hash = this.expires.firstHash();
    this.expireNow(hash, this.volatileAt(atMs, hash));
  }

  /** The record that an entry of the index of expire times stands for. */
  volatileAt(atMs: number, hash: number): number {
    let address = this.dict.firstWithHash(hash);
    while (address !== 0 && this.expireOf(address) !== atMs) address = this.dict.nextWithHash(hash, address);
    if (address === 0) throw new Error('expiry index names a key that does not exist');
    return address;
  }

  /** How long volatile keys have on average, in milliseconds, by a sample spread over all of them; 0 when there are none. */
  averageTtlMs(): number {
    const { expires } = this;
    const samples = Math.min(TTL_SAMPLES, expires.count);
    if (samples === 0) return 0;
    let sum = 0;
    for (let i = 0; i < samples; i++) {
      expires.at(Math.floor(((i + 0.5) * expires.count) / samples));
      sum += Math.max(0, expires.foundTime - this.keyspace.nowMs);
    }
    return Math.floor(sum / samples);
  }

  /** Keys whose time has come and that are not deleted yet. O(log^2 n). */
  overdueKeys(): number {
    const { expires } = this;
    const now = this.keyspace.nowMs;
    let low = 0;
    let high = expires.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      expires.at(middle);
      if (expires.foundTime <= now) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // --- whole databases ----------------------------------------------------------------------------

  swapContent(other: Database): void {
    [this.dict, other.dict] = [other.dict, this.dict];
    [this.expires, other.expires] = [other.expires, this.expires];
    [this.elementExpires, other.elementExpires] = [other.elementExpires, this.elementExpires];
    [this.snapshotIndex, other.snapshotIndex] = [other.snapshotIndex, this.snapshotIndex];
  }

  /** Empties the database at once; its records are freed in the background. */
  detach(lazyFree: LazyFree): void {
    const indexes = [this.expires, this.elementExpires];
    const { keeper } = this.keyspace;
    if (keeper === null || !keeper.adopt(this.dict, indexes)) lazyFree.add(this.dict, ...indexes);
    this.forget();
  }

  /** Empties the database without freeing anything: others will, or the whole arena is about to be given back. */
  forget(): void {
    this.dict = new Dict(this.arena);
    this.expires = new ExpiryIndex(this.arena);
    this.elementExpires = new ExpiryIndex(this.arena);
  }

  // --- reading records ----------------------------------------------------------------------------

  /** Where the key's bytes lie: keyBytes[keyStart..keyEnd), valid until something is allocated or freed. */
  keyBytes: Uint8Array = new Uint8Array(0);
  keyStart = 0;
  keyEnd = 0;

  readKey(address: number): void {
    const segment = segmentOf(address);
    const base = byteOffsetOf(address);
    const i32 = this.arena.i32[segment];
    this.keyBytes = this.arena.u8[segment];
    this.keyStart = base + keyOffset(readWord0(i32, base));
    this.keyEnd = this.keyStart + keyLength(i32, base);
  }

  /** True when the value lives in a buffer of its own. */
  isLarge(address: number): boolean {
    return (flagsOf(readWord0(this.arena.i32[segmentOf(address)], byteOffsetOf(address))) & LARGE) !== 0;
  }
}
