/**
 * When and how often a key was used: the 24 access bits of its record, as LRU clock or as LFU counter.
 *
 *   LRU   | seconds of the wall clock, modulo 2^24 (194 days)  |
 *   LFU   | minutes of the last decay, modulo 2^16  | counter, 8 bits |
 *
 * The counter is logarithmic: it grows with probability 1 / ((counter - 5) * lfu-log-factor + 1), and loses one
 * for every lfu-decay-time minutes without use. So 255 stands for about a million uses with the default factor of 10.
 *
 * Which of the two is meant depends on maxmemory-policy alone: after a change of policy old bits are misread until the key
 * is used again, which is what Redis does too and says in OBJECT's error texts.
 */
import { Prng } from '../base/prng.ts';
import { accessOf, writeAccess } from '../memory/record.ts';

const ACCESS_MASK = 0xffffff;
const COUNTER_MASK = 0xff;
const COUNTER_MAX = 255;
/** What a new key's counter starts with, so that it is not the first to be evicted. */
const COUNTER_INITIAL = 5;
const MINUTE_MS = 60_000;
const MINUTES_MASK = 0xffff;

const LRU = 0;
const LFU = 1;
const NONE = 2;

export class Access {
  /** The access bits that a new record gets. */
  fresh = 0;
  lfuLogFactor = 10;
  lfuDecayMinutes = 1;
  private readonly random = new Prng(0);
  private lruClock = 0;
  /** The same without wrapping round: what idle times are subtracted from to get an order that stays. */
  seconds = 0;
  private minutes = 0;
  private lfu = false;
  private quiet = false;
  private mode = LRU;

  get isLfu(): boolean {
    return this.lfu;
  }

  /** The LRU clock: seconds, 24 bits. */
  get clock(): number {
    return this.lruClock;
  }

  /** Tells the time; several times a second is often enough. */
  setTime(nowMs: number): void {
    this.seconds = Math.floor(nowMs / 1000);
    this.setClock(this.seconds & ACCESS_MASK);
    this.minutes = Math.floor(nowMs / MINUTE_MS) & MINUTES_MASK;
    this.update();
  }

  setClock(clock: number): void {
    this.lruClock = clock;
    this.update();
  }

  useLfu(lfu: boolean): void {
    this.lfu = lfu;
    this.update();
  }

  /** While quiet, use leaves no trace: CLIENT NO-TOUCH. */
  setQuiet(quiet: boolean): void {
    this.quiet = quiet;
    this.update();
  }

  private update(): void {
    this.mode = this.quiet ? NONE : this.lfu ? LFU : LRU;
    this.fresh = this.lfu ? (this.minutes << 8) | COUNTER_INITIAL : this.lruClock;
  }

  /** Notes that the record at `base` is being used. Allocates nothing. */
  touch(i32: Int32Array, base: number): void {
    if (this.mode === LRU) writeAccess(i32, base, this.lruClock);
    else if (this.mode === LFU) writeAccess(i32, base, this.counted(accessOf(i32, base)));
  }

  /** The access bits for a record that takes the place of one with `old`. */
  inherited(old: number): number {
    return this.lfu ? this.counted(old) : this.lruClock;
  }

  /** The access bits of a key whose use is told by RESTORE or a file, -1 for what is not told; -1 when the policy has no use for it. */
  given(idleSeconds: number, frequency: number): number {
    if (this.lfu) return frequency < 0 ? -1 : (this.minutes << 8) | frequency;
    return idleSeconds < 0 ? -1 : (this.lruClock - Math.min(idleSeconds, ACCESS_MASK)) & ACCESS_MASK;
  }

  /** Seconds since the last use, for LRU bits. */
  idleSeconds(access: number): number {
    return (this.lruClock - access) & ACCESS_MASK;
  }

  /** The counter as it is now, after decay, for LFU bits. */
  frequency(access: number): number {
    const elapsed = (this.minutes - (access >>> 8)) & MINUTES_MASK;
    if (elapsed === 0) return access & COUNTER_MASK;
    const lost = this.lfuDecayMinutes > 0 ? Math.floor(elapsed / this.lfuDecayMinutes) : 0;
    return Math.max(0, (access & COUNTER_MASK) - lost);
  }

  private counted(access: number): number {
    let counter = this.frequency(access);
    if (counter < COUNTER_MAX) {
      const above = Math.max(0, counter - COUNTER_INITIAL);
      if (this.random.nextFloat() < 1 / (above * this.lfuLogFactor + 1)) counter++;
    }
    return (this.minutes << 8) | counter;
  }
}
