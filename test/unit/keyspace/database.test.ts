import { describe, expect, it } from 'vitest';
import { KEY_SIZE_MAX, KeyTooLongError } from '../../../src/keyspace/limits.ts';
import { Keys, newKeyspace } from './keys.ts';

describe('Database', () => {
  it('finds what was set, and not what has expired', () => {
    const keyspace = newKeyspace();
    const keys = new Keys(keyspace.databases[0]);
    keys.set('a', 'text', keyspace.nowMs + 10);
    expect(keys.get('a')).toBe('text');
    keyspace.nowMs += 10;
    expect(keys.get('a')).toBeNull();
    expect(keyspace.expired).toBe(1);
    expect(keys.db.count).toBe(0);
  });

  it('keeps expired keys while expiry is switched off', () => {
    const keyspace = newKeyspace();
    const keys = new Keys(keyspace.databases[0]);
    keys.set('a', 'text', keyspace.nowMs - 1);
    keyspace.lazyExpireEnabled = false;
    expect(keys.get('a')).toBe('text');
    keyspace.lazyExpireEnabled = true;
    expect(keys.get('a')).toBeNull();
  });

  it('tells of an expired key before it goes', () => {
    const keyspace = newKeyspace();
    const keys = new Keys(keyspace.databases[0]);
    keys.set('a', '1', keyspace.nowMs + 1);
    const seen: string[] = [];
    keyspace.onExpire = (db, _hash, address) => {
      db.readKey(address);
      seen.push(String.fromCharCode(...db.keyBytes.subarray(db.keyStart, db.keyEnd)));
    };
    keyspace.nowMs += 1;
    expect(keys.db.expireDue(10)).toBe(1);
    expect(seen).toEqual(['a']);
  });

  it('expires keys in the order of their times, as many as it is told', () => {
    const keyspace = newKeyspace();
    const keys = new Keys(keyspace.databases[0]);
    for (let i = 0; i < 100; i++) keys.set(`k${i}`, 'v', keyspace.nowMs + i);
    expect(keys.db.nextExpireMs).toBe(keyspace.nowMs);
    keyspace.nowMs += 49;
    expect(keys.db.expireDue(20)).toBe(20);
    expect(keys.db.expireDue(100)).toBe(30);
    expect(keys.db.count).toBe(50);
    expect(keys.db.nextExpireMs).toBe(keyspace.nowMs + 1);
  });

  it('counts hits and misses of look-ups that read, and only of these', () => {
    const keyspace = newKeyspace();
    const { db } = new Keys(keyspace.databases[0]);
    const keys = new Keys(db);
    keys.set('a', '1');
    const bytes = new Uint8Array([97]);
    const hash = keys.hash('a');
    db.find(hash, bytes, 0, 1);
    db.findForWrite(hash, bytes, 0, 1);
    expect([keyspace.hits, keyspace.misses]).toEqual([0, 0]);
    db.findForRead(hash, bytes, 0, 1);
    db.peek(hash, bytes, 0, 1);
    db.peek(hash, bytes, 0, 0);
    expect([keyspace.hits, keyspace.misses]).toEqual([2, 1]);
  });

  it('sets, changes and removes the expire time of every kind of value', () => {
    const keyspace = newKeyspace();
    const keys = new Keys(keyspace.databases[0]);
    for (const value of ['', '12345', 'x'.repeat(44), 'x'.repeat(1000), 'x'.repeat(2 << 20)]) {
      keys.set('k', value);
      keys.setExpire('k', 5_000_000);
      expect(keys.expireOf('k')).toBe(5_000_000);
      keys.setExpire('k', 6_000_000);
      expect(keys.get('k')).toBe(value);
      expect(keys.db.nextExpireMs).toBe(6_000_000);
      keys.clearExpire('k');
      expect(keys.get('k')).toBe(value);
      expect(keys.db.expires.count).toBe(0);
    }
  });

  it('renames a value out of the arena when the longer key leaves no room for it', () => {
    const keyspace = newKeyspace();
    const keys = new Keys(keyspace.databases[0]);
    const value = 'v'.repeat((1 << 20) - 100);
    const long = 'k'.repeat(500_000);
    keys.set('k', value, 5_000_000);
    expect(keyspace.large.count).toBe(0);
    keys.rename('k', long);
    expect(keyspace.large.count).toBe(1);
    expect(keys.get(long)).toBe(value);
    expect(keys.expireOf(long)).toBe(5_000_000);
    keys.rename(long, 'k');
    expect(keys.get('k')).toBe(value);
    keys.remove('k');
    expect(keyspace.large.count).toBe(0);
  });

  it('gives a copy bytes of its own', () => {
    const keyspace = newKeyspace();
    const [from, to] = keyspace.databases.map((db) => new Keys(db));
    for (const value of ['7', 'short', 'x'.repeat(2 << 20)]) {
      from.set('a', value, 5_000_000);
      to.copyFrom(from, 'a', 'b');
      from.remove('a');
      expect(to.get('b')).toBe(value);
      expect(to.expireOf('b')).toBe(5_000_000);
      to.remove('b');
    }
    expect(keyspace.large.usedBytes).toBe(0);
  });

  it('refuses a key that fits in no record, and takes the longest that does', () => {
    const keyspace = newKeyspace();
    const keys = new Keys(keyspace.databases[0]);
    expect(() => keys.set('k'.repeat(KEY_SIZE_MAX + 1), 'v')).toThrow(KeyTooLongError);
    expect(keys.db.count).toBe(0);
    keys.set('k'.repeat(KEY_SIZE_MAX), 'v'.repeat(100), 5_000_000);
    expect(keys.get('k'.repeat(KEY_SIZE_MAX))).toBe('v'.repeat(100));
  });

  it('estimates the average time to live', () => {
    const keyspace = newKeyspace();
    const keys = new Keys(keyspace.databases[0]);
    expect(keys.db.averageTtlMs()).toBe(0);
    for (let i = 0; i < 1000; i++) keys.set(`k${i}`, 'v', keyspace.nowMs + 1000 + i);
    expect(keys.db.averageTtlMs()).toBeGreaterThan(1400);
    expect(keys.db.averageTtlMs()).toBeLessThan(1600);
  });

  it('counts the keys that are due and not deleted yet', () => {
    const keyspace = newKeyspace();
    const keys = new Keys(keyspace.databases[0]);
    expect(keys.db.overdueKeys()).toBe(0);
    for (let i = 0; i < 1000; i++) keys.set(`k${i}`, 'v', keyspace.nowMs + 1 + i);
    expect(keys.db.overdueKeys()).toBe(0);
    keyspace.nowMs += 250;
    expect(keys.db.overdueKeys()).toBe(250);
    keys.db.expireDue(100);
    expect(keys.db.overdueKeys()).toBe(150);
    keyspace.nowMs += 10_000;
    expect(keys.db.overdueKeys()).toBe(900);
  });
});

describe('Keyspace', () => {
  it('gives the memory of a flushed database back in slices, its expire times too', () => {
    const keyspace = newKeyspace();
    const [first, second] = keyspace.databases.map((db) => new Keys(db));
    const before = keyspace.usedBytes;
    second.set('stays', 'v');
    const withOne = keyspace.usedBytes;
    for (let i = 0; i < 5000; i++) first.set(`k${i}`, `value ${i}`, 5_000_000 + i);
    first.set('large', 'x'.repeat(2 << 20));
    expect(keyspace.flush(first.db)).toBe(5001);
    expect(first.db.count).toBe(0);
    expect(keyspace.lazyFree.pending).toBe(5001);
    first.set('new', 'v', 5_000_000);
    let slices = 0;
    while (keyspace.lazyFree.run()) slices++;
    expect(slices).toBeGreaterThan(50);
    expect(keyspace.lazyFree.buffers).toHaveLength(1);
    expect(first.get('new')).toBe('v');
    first.remove('new');
    expect(keyspace.usedBytes).toBe(withOne);
    second.remove('stays');
    expect(keyspace.usedBytes).toBe(before);
  });

  it('flushes all at once, whatever is being freed', () => {
    const keyspace = newKeyspace();
    const [first, second] = keyspace.databases.map((db) => new Keys(db));
    for (let i = 0; i < 1000; i++) first.set(`k${i}`, 'v', 5_000_000);
    second.set('other', 'v');
    keyspace.flush(first.db);
    first.set('again', 'v');
    expect(keyspace.flushAll()).toBe(2);
    expect(keyspace.lazyFree.busy).toBe(false);
    expect(keyspace.arena.usedBytes).toBe(0);
    first.set('works', 'v');
    expect(first.get('works')).toBe('v');
  });

  it('hands large values to bio when it is told to', () => {
    const keyspace = newKeyspace();
    const keys = new Keys(keyspace.databases[0]);
    const value = 'x'.repeat(2 << 20);
    keys.set('k', value);
    keys.remove('k', false);
    expect(keyspace.lazyFree.buffers).toHaveLength(0);
    keys.set('k', value);
    keys.remove('k', true);
    expect(keyspace.lazyFree.buffers).toHaveLength(1);
    keyspace.lazy.serverDelete = true;
    keys.set('k', value);
    keys.set('k', 'small');
    expect(keyspace.lazyFree.buffers).toHaveLength(2);
    keyspace.lazy.expire = true;
    keys.set('k', value, keyspace.nowMs);
    expect(keys.get('k')).toBeNull();
    expect(keyspace.lazyFree.buffers).toHaveLength(3);
    expect(keyspace.large.usedBytes).toBe(0);
  });
});
