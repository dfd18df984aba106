/**
 * Eviction: which keys go when the data takes more than maxmemory, and when.
 *
 * makeRoom() is asked before every command while there is a limit. What it costs when there is room is a comparison; else it deletes keys until
 * there is, but not for longer than maxmemory-eviction-tenacity allows: what is left to do then is done between batches (`pending`), and
 * the command runs all the same. Only when there is nothing to delete does it say that there is no room.
 *
 *   allkeys-lru, -lfu      a few keys, neighbours in the table from a random place on (Dict.sample()), join the *pool*: the best candidates of
 *   volatile-lru, -lfu     this and earlier samples. The best one goes. Volatile keys are sampled by rank from the index of expire times.
 *   allkeys-random         a key from a random place, the databases taking turns
 *   volatile-random
 *   volatile-ttl           exactly the key that would expire first: the index of expire times knows it
 *
 * A candidate in the pool is a hash and a score, not an address: records move, and keys that were used, replaced or deleted meanwhile are told by
 * looking again, just before one is to go.
 *
 * What an eviction costs is cache misses. So the access bits of a sample are read before anything is done with them, the place of the next sample is
 * drawn and read ahead with each (Dict.touchSample()), and the pool is kept in order, so that most of what is sampled is turned down by one
 * comparison. SET at maxmemory, beside Redis in one run: allkeys-lru 0.95x without all that, 1.03x with the order and the bits read together, 1.15x with
 * the reading ahead; allkeys-lfu 0.71x, 0.95x and 1.11x.
 */
import { Prng } from '../base/prng.ts';
import { byteOffsetOf, segmentOf } from '../memory/address.ts';
import { accessOf } from '../memory/record.ts';
import { NO_EXPIRE } from './copy-record.ts';
import type { Database } from './database.ts';
import type { Keyspace } from './keyspace.ts';

const POOL_SIZE = 16;
/** The clock is read after so many keys. */
const KEYS_PER_LOOK = 16;
const SAMPLES_MAX = 1024;
/** Keys of the next sample whose records are read ahead at most. */
const TOUCHED_MAX = 16;
const LFU_COUNTER_MAX = 255;

const TENACITY_MODEST = 10;
const TENACITY_MAX = 100;
const US_PER_TENACITY = 50;
const TENACITY_GROWTH = 1.15;

const BY_TTL = 'ttl';
const BY_RANDOM = 'random';

export interface EvictionSettings {
  /** maxmemory; 0 for no limit. */
  limitBytes: number;
  policy: string;
  samples: number;
  tenacity: number;
  lazily: boolean;
}

export class Eviction {
  /** What there is beside the data that counts: buffers of clients. Kept up to date by the executor. */
  clientBytes = 0;
  /** Keys are not to be deleted now: the data is being loaded, or writes are paused. */
  isPaused = false;
  /** More is to be deleted: proceed() is to be called between batches. */
  pending = false;
  /** A monotonic clock, in microseconds. */
  clockUs: () => number = () => 0;
  /** Told how long evicting for one command took, and each deletion; null while nobody wants to know. */
  onTime: ((event: 'eviction-cycle' | 'eviction-del', us: number) => void) | null = null;
  private readonly keyspace: Keyspace;
  private readonly random = new Prng(0);
  private limitBytes = 0;
  private samples = 5;
  private timeLimitUs = 500;
  private lazily = false;
  private evicts = false;
  private onlyVolatile = false;
  private way = '';
  /** Whose turn it is when keys are chosen at random. */
  private nextDatabase = 0;
  /** Since when there has been more than there should be; 0 when there is not. And how long that was in all. */
  private exceededSinceUs = 0;
  private exceededBeforeUs = 0;

  // The pool, worst candidates first: the last one goes. Of equals the one that has been there longest is the last, because it is the oldest.
  private readonly scores = new Float64Array(POOL_SIZE);
  private readonly hashes = new Int32Array(POOL_SIZE);
  private readonly owners = new Int32Array(POOL_SIZE);
  private pooled = 0;
  private readonly sampledHashes = new Int32Array(SAMPLES_MAX);
  private readonly sampledAddresses = new Int32Array(SAMPLES_MAX);
  /** Where the next sample begins. */
  private entryDraw = this.random.nextInt32();
  private slotDraw = this.random.nextInt32();
  /** What was read ahead, so that the reads happen. */
  touched = 0;
  private readonly sampledBits = new Int32Array(SAMPLES_MAX);

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
  }

  configure({ lazily, limitBytes, policy, samples, tenacity }: EvictionSettings): void {
    const way = policy.slice(policy.indexOf('-') + 1);
    const onlyVolatile = policy.startsWith('volatile-');
    // Scores of another policy mean nothing.
    if (way !== this.way || onlyVolatile !== this.onlyVolatile) this.pooled = 0;
    this.way = way;
    this.onlyVolatile = onlyVolatile;
    this.evicts = policy !== 'noeviction';
    this.limitBytes = limitBytes;
    this.samples = Math.min(samples, SAMPLES_MAX);
    this.timeLimitUs = timeLimitUs(tenacity);
    this.lazily = lazily;
    this.pending = this.isExceeded;
  }

  /** True when there is a limit and more memory in use. */
  get isExceeded(): boolean {
    return this.limitBytes > 0 && this.usedBytes > this.limitBytes;
  }

  /** Keys are chosen by their use, so that no two may share a value. */
  get needsOwnAccess(): boolean {
    return this.limitBytes > 0 && this.evicts && this.way !== BY_TTL && this.way !== BY_RANDOM;
  }

  /** What the limit is compared with. */
  get usedBytes(): number {
    return this.keyspace.usedBytes + this.clientBytes;
  }

  /** How long there has been more memory in use than there should be, in microseconds: in all, and this time. */
  get exceededUs(): number {
    return this.exceededBeforeUs + this.exceededNowUs;
  }

  get exceededNowUs(): number {
    return this.exceededSinceUs === 0 ? 0 : this.clockUs() - this.exceededSinceUs;
  }

  resetStats(): void {
    this.exceededBeforeUs = 0;
    if (this.exceededSinceUs !== 0) this.exceededSinceUs = this.clockUs();
  }

  /** Deletes keys until there is room or the time is over. False: there is nothing more to delete, and still no room. */
  makeRoom(): boolean {
    if (this.usedBytes <= this.limitBytes || this.limitBytes === 0) {
      if (this.exceededSinceUs !== 0) this.endExceeded();
      return true;
    }
    if (this.isPaused) return true;
    const found = this.onTime === null ? this.deleteSome() : this.deleteTimed(this.onTime);
    if (!this.isExceeded) {
      this.endExceeded();
      return true;
    }
    if (this.exceededSinceUs === 0) this.exceededSinceUs = this.clockUs();
    this.pending = found;
    return found;
  }

  private deleteTimed(onTime: NonNullable<Eviction['onTime']>): boolean {
    const startUs = this.clockUs();
    const found = this.deleteSome();
    onTime('eviction-cycle', this.clockUs() - startUs);
    return found;
  }

  /** A slice of what is left to do. True while there is more. */
  proceed(): boolean {
    if (this.isPaused) return false;
    this.pending = false;
    this.makeRoom();
    return this.pending;
  }

  private endExceeded(): void {
    this.pending = false;
    if (this.exceededSinceUs === 0) return;
    this.exceededBeforeUs += this.exceededNowUs;
    this.exceededSinceUs = 0;
  }

  /**
   * Deletes until there is room or the time is over; false when there was nothing left before. The time begins with the second key: one is
   * what most commands need, and reading the clock costs a good part of it.
   */
  private deleteSome(): boolean {
    const { lazyFree } = this.keyspace;
    let startUs = 0;
    for (let keys = 1; this.isExceeded; keys++) {
      if (keys === 2) startUs = this.clockUs();
      const isDead = lazyFree.busy;
      if (isDead) lazyFree.run();
      else if (!this.evictOne()) return false;
      if (keys === 1 || (!isDead && keys % KEYS_PER_LOOK !== 0)) continue;
      // What cannot be evicted may not be written, however much of the dead is still to be freed.
      if (this.clockUs() - startUs > this.timeLimitUs) return this.evicts;
    }
    return true;
  }

  /** Deletes the key that is best deleted. False when there is none that may be. */
  private evictOne(): boolean {
    if (!this.evicts) return false;
    if (this.way === BY_TTL) return this.evictFirstToExpire();
    if (this.way === BY_RANDOM) return this.evictAny();
    for (;;) {
      if (!this.fillPool()) return false;
      if (this.evictFromPool()) return true;
    }
  }

  private evictFirstToExpire(): boolean {
    let first: Database | null = null;
    let firstMs = Infinity;
    for (const db of this.keyspace.databases) {
      const atMs = db.expires.firstTime();
      if (atMs >= firstMs) continue;
      first = db;
      firstMs = atMs;
    }
    if (first === null) return false;
    const hash = first.expires.firstHash();
    this.evict(first, hash, first.volatileAt(firstMs, hash));
    return true;
  }

  private evictAny(): boolean {
    const { databases } = this.keyspace;
    for (let i = 0; i < databases.length; i++) {
      const db = databases[this.nextDatabase++ % databases.length];
      if (this.sample(db, 1) === 0) continue;
      this.evict(db, this.sampledHashes[0], this.sampledAddresses[0]);
      return true;
    }
    return false;
  }

  private evict(db: Database, hash: number, address: number): void {
    if (this.onTime === null) {
      db.evict(hash, address, this.lazily);
      return;
    }
    const startUs = this.clockUs();
    db.evict(hash, address, this.lazily);
    this.onTime('eviction-del', this.clockUs() - startUs);
  }

  // --- sampling -----------------------------------------------------------------------------------

  /** Notes up to `wanted` keys of the database that may be evicted; returns how many. */
  private sample(db: Database, wanted: number): number {
    const { random, sampledAddresses, sampledHashes } = this;
    if (!this.onlyVolatile) return this.sampleAll(db, wanted);
    const { expires } = db;
    const count = Math.min(wanted, expires.count);
    for (let i = 0; i < count; i++) {
      expires.at(random.below(expires.count));
      sampledHashes[i] = expires.foundHash;
      sampledAddresses[i] = db.volatileAt(expires.foundTime, expires.foundHash);
    }
    return count;
  }

  /** The same without regard to expire times. Where the next sample is to come from is drawn now, so that it is on its way from memory meanwhile. */
  private sampleAll({ dict }: Database, wanted: number): number {
    const { entryDraw, random, slotDraw } = this;
    const count = dict.sample(random, entryDraw, slotDraw, wanted, this.sampledHashes, this.sampledAddresses);
    this.entryDraw = random.nextInt32();
    this.slotDraw = random.nextInt32();
    // A guess that costs little when it is wrong: the next sample is of the same database.
    this.touched = dict.touchSample(this.entryDraw, this.slotDraw, Math.min(wanted, TOUCHED_MAX));
    return count;
  }

  /** Lets a sample of each database into the pool. False when there is no key that may be evicted. */
  private fillPool(): boolean {
    const { databases } = this.keyspace;
    let any = false;
    for (let i = 0; i < databases.length; i++) {
      const db = databases[i];
      if ((this.onlyVolatile ? db.expires.count : db.dict.count) === 0) continue;
      any = true;
      this.offerSample(db, i, this.sample(db, this.samples));
    }
    return any;
  }

  private offerSample(db: Database, owner: number, count: number): void {
    const { sampledAddresses, sampledBits, sampledHashes } = this;
    const { i32 } = db.arena;
    // By itself, so that no load waits for what is done with the one before it.
    for (let i = 0; i < count; i++) {
      const address = sampledAddresses[i];
      sampledBits[i] = accessOf(i32[segmentOf(address)], byteOffsetOf(address));
    }
    for (let i = 0; i < count; i++) this.offer(this.scoreOf(sampledBits[i]), sampledHashes[i], owner);
  }

  /**
   * How well a key with these access bits may be done without: how rarely it is used, or how long ago it was last. That is told as a time, not as
   * an age, so that a candidate in the pool and one that has just been sampled can be compared.
   */
  private scoreOf(bits: number): number {
    const { access } = this.keyspace;
    return access.isLfu
      ? LFU_COUNTER_MAX - access.frequency(bits)
      : access.idleSeconds(bits) - access.seconds;
  }

  /** Takes the candidate into the pool, when it is full in the place of the worst one, unless that is as good. */
  private offer(score: number, hash: number, owner: number): void {
    const { hashes, owners, scores } = this;
    // It may be in the pool with a better score: that is found out when it is to go.
    if (this.pooled === POOL_SIZE && score <= scores[0]) return;
    for (let i = 0; i < this.pooled; i++) {
      if (hashes[i] !== hash || owners[i] !== owner) continue;
      if (scores[i] === score) return;
      this.dropCandidate(i);
      break;
    }
    if (this.pooled === POOL_SIZE) this.dropCandidate(0);
    let at = this.pooled++;
    for (; at > 0 && scores[at - 1] >= score; at--) this.moveCandidate(at - 1, at);
    scores[at] = score;
    hashes[at] = hash;
    owners[at] = owner;
  }

  private dropCandidate(index: number): void {
    this.pooled--;
    for (let i = index; i < this.pooled; i++) this.moveCandidate(i + 1, i);
  }

  private moveCandidate(from: number, to: number): void {
    this.scores[to] = this.scores[from];
    this.hashes[to] = this.hashes[from];
    this.owners[to] = this.owners[from];
  }

  /** Evicts the best candidate that is still as good as it was. False when there is none: the pool is then empty. */
  private evictFromPool(): boolean {
    const { hashes, owners, scores } = this;
    while (this.pooled > 0) {
      const best = --this.pooled;
      const hash = hashes[best];
      const db = this.keyspace.databases[owners[best]];
      const address = db.dict.firstWithHash(hash);
      if (address === 0 || (this.onlyVolatile && db.expireOf(address) === NO_EXPIRE)) continue;
      const bits = accessOf(db.arena.i32[segmentOf(address)], byteOffsetOf(address));
      if (this.scoreOf(bits) < scores[best]) continue;
      this.evict(db, hash, address);
      return true;
    }
    return false;
  }
}

/** How long one call may take. */
function timeLimitUs(tenacity: number): number {
  if (tenacity >= TENACITY_MAX) return Infinity;
  if (tenacity <= TENACITY_MODEST) return US_PER_TENACITY * tenacity;
  return US_PER_TENACITY * TENACITY_MODEST * TENACITY_GROWTH ** (tenacity - TENACITY_MODEST);
}
