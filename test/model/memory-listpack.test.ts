/*
 * Listpacks against a plain array of texts, at random and at the borders of every encoding, and against the bytes that the real
 * redis-server has for the same insertions.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Prng } from '../../src/base/prng.ts';
import * as listpack from '../../src/memory/listpack.ts';
import { RawClient } from '../command/raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis } from '../command/servers.ts';
import { check, NO_HURRY, operations, seededPrng } from './memory-model.ts';

/** Integers on both sides of every border between two encodings, and texts that only look like integers. */
const INTEGERS = [
  '0',
  '1',
  '127',
  '128',
  '-1',
  '-4096',
  '-4097',
  '4095',
  '4096',
  '32767',
  '32768',
  '-32768',
  '-32769',
  '8388607',
  '8388608',
  '-8388608',
  '-8388609',
  '2147483647',
  '2147483648',
  '-2147483648',
  '-2147483649',
  '4294967295',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
];
const NOT_INTEGERS = [
  '',
  '-',
  '-0',
  '+1',
  '00',
  '01',
  ' 1',
  '1 ',
  '1.0',
  '9223372036854775808',
  '-9223372036854775809',
  '99999999999999999999',
  '123456789012345678901',
];
/** String lengths around the changes of encoding and of the back length. */
const LENGTHS = [
  1, 62, 63, 64, 125, 126, 127, 128, 4094, 4095, 4096, 4097, 16377, 16378, 16379, 16380, 16381, 16382,
];

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

/** A block with something before and behind it, so that a write outside it shows. */
class ListpackModel {
  static readonly AT = 13;
  u8 = new Uint8Array(1 << 16).fill(0x5a);
  texts: string[] = [];

  constructor() {
    listpack.writeEmpty(this.u8, ListpackModel.AT);
  }

  private get at(): number {
    return ListpackModel.AT;
  }

  get bytes(): Uint8Array {
    return this.u8.slice(this.at, this.at + listpack.totalBytes(this.u8, this.at));
  }

  private reserve(more: number): void {
    const wanted = this.at + listpack.totalBytes(this.u8, this.at) + more + 16;
    if (wanted <= this.u8.length) return;
    const larger = new Uint8Array(wanted * 2).fill(0x5a);
    larger.set(this.u8);
    this.u8 = larger;
  }

  private place(index: number): number {
    return index === this.texts.length
      ? listpack.endOf(this.u8, this.at)
      : listpack.seek(this.u8, this.at, index);
  }

  insert(index: number, text: string): void {
    const bytes = bytesOf(text);
    const size = listpack.elementSize(bytes, 0, bytes.length);
    this.reserve(size);
    const before = listpack.totalBytes(this.u8, this.at);
    const place = this.place(index);
    const end = listpack.insert(this.u8, this.at, place, bytes, 0, bytes.length);
    check(end === place + size, 'insert ends elsewhere than elementSize says');
    check(listpack.totalBytes(this.u8, this.at) === before + size, 'insert and elementSize disagree');
    this.texts.splice(index, 0, text);
  }

  insertInteger(index: number, lo: number): void {
    this.reserve(10);
    const place = this.place(index);
    const end = listpack.insertInteger(this.u8, this.at, place, lo >> 31, lo);
    check(end === place + listpack.integerSize(lo >> 31, lo), 'integerSize is wrong');
    this.texts.splice(index, 0, String(lo));
  }

  replace(index: number, text: string): void {
    const bytes = bytesOf(text);
    this.reserve(bytes.length + 16);
    const element = this.place(index);
    const end = listpack.replace(this.u8, this.at, element, bytes, 0, bytes.length);
    check(end === listpack.skip(this.u8, element), 'replace ends elsewhere than skip says');
    this.texts[index] = text;
  }

  remove(index: number, n: number): void {
    listpack.remove(this.u8, this.at, this.place(index), n);
    this.texts.splice(index, n);
  }

  textAt(element: number): string {
    listpack.read(this.u8, element);
    const { bytes, start, end } = listpack.text;
    check(listpack.textLength(this.u8, element) === end - start, 'textLength is wrong');
    return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  }

  find(text: string, from: number, stride: number): void {
    const bytes = bytesOf(text);
    let wanted = -1;
    for (let i = from; i < this.texts.length && wanted < 0; i += stride + 1)
      if (this.texts[i] === text) wanted = i;
    const first = from < this.texts.length ? this.place(from) : -1;
    const found = listpack.find(this.u8, first, bytes, 0, bytes.length, stride);
    check(found === (wanted < 0 ? -1 : this.place(wanted)), `find of ${text.slice(0, 30)}`);
  }

  /** Equality and order of one element with another text. */
  compare(index: number, text: string): void {
    const element = this.place(index);
    const bytes = bytesOf(text);
    const same = listpack.equals(this.u8, element, bytes, 0, bytes.length);
    check(same === (this.texts[index] === text), `equals of ${text.slice(0, 30)}`);
    const order = Math.sign(listpack.compare(this.u8, element, bytes, 0, bytes.length));
    check(order === Math.sign(Buffer.compare(bytesOf(this.texts[index]), bytes)), 'compare');
  }

  checkAll(): void {
    const { u8, at, texts } = this;
    check(listpack.count(u8, at) === texts.length, 'count');
    const total = listpack.totalBytes(u8, at);
    check(listpack.isValid(u8, at, total), 'isValid says no');
    check(u8[at - 1] === 0x5a, 'wrote before the block');
    let element = listpack.first(u8, at);
    for (let i = 0; i < texts.length; i++, element = listpack.next(u8, element)) {
      check(element >= 0 && this.textAt(element) === texts[i], `element ${i} forwards`);
    }
    check(element === -1, 'there are more elements forwards');
    element = listpack.last(u8, at);
    for (let i = texts.length - 1; i >= 0; i--, element = listpack.previous(u8, at, element)) {
      check(element >= 0 && this.textAt(element) === texts[i], `element ${i} backwards`);
    }
    check(element === -1, 'there are more elements backwards');
    for (const index of [0, -1, texts.length >> 1, texts.length - 1, -texts.length]) {
      const wanted = texts.at(index);
      const found = listpack.seek(u8, at, index);
      check(wanted === undefined ? found === -1 : this.textAt(found) === wanted, `seek(${index})`);
    }
    check(listpack.seek(u8, at, texts.length) === -1, 'seek finds one too many');
    check(listpack.seek(u8, at, -texts.length - 1) === -1, 'seek finds one too many before the first');
  }
}

function randomText(prng: Prng): string {
  const kind = prng.below(10);
  if (kind < 2) return INTEGERS[prng.below(INTEGERS.length)];
  if (kind < 3) return NOT_INTEGERS[prng.below(NOT_INTEGERS.length)];
  if (kind < 5) return String((prng.nextInt32() >> prng.below(32)) * (prng.below(8) === 0 ? 1000 : 1));
  const length = kind < 6 ? LENGTHS[prng.below(LENGTHS.length)] : prng.below(80);
  return String.fromCharCode(prng.below(256)).repeat(length);
}

test('a listpack agrees with an array of texts through random use', NO_HURRY, () => {
  const prng = seededPrng('listpack');
  const total = operations(40_000);
  let model = new ListpackModel();
  for (let i = 0; i < total; i++) {
    const n = model.texts.length;
    const index = prng.below(n + 1);
    const action = prng.below(10);
    if (n > 300) model.remove(0, n);
    else if (action < 4 || n === 0) model.insert(index, randomText(prng));
    else if (action < 5) model.insertInteger(index, prng.nextInt32() >> prng.below(32));
    else if (action < 7) model.replace(index % n, randomText(prng));
    else if (action < 8) model.remove(index % n, 1 + prng.below(Math.min(3, n - (index % n))));
    else if (action < 9)
      model.find(prng.below(2) === 0 ? randomText(prng) : model.texts[index % n], index, prng.below(3));
    else model.compare(index % n, prng.below(2) === 0 ? randomText(prng) : model.texts[index % n]);
    if (i % 16 === 0) model.checkAll();
    if (i % 5000 === 4999) model = new ListpackModel();
  }
});

test('every encoding is right at its borders, alone and between neighbours', () => {
  const texts = [...INTEGERS, ...NOT_INTEGERS, ...LENGTHS.map((length) => 'x'.repeat(length))];
  const all = new ListpackModel();
  for (const text of texts) {
    const alone = new ListpackModel();
    alone.insert(0, text);
    alone.checkAll();
    alone.insert(0, 'before');
    alone.insert(2, 'behind');
    alone.checkAll();
    for (const other of texts) alone.compare(1, other);
    alone.remove(1, 1);
    alone.checkAll();
    all.insert(all.texts.length, text);
  }
  all.checkAll();
  for (const text of texts) all.find(text, 0, 0);
  const large = new ListpackModel();
  for (const length of [2_097_143, 2_097_150, 2_097_151, 3_000_000]) large.insert(0, 'y'.repeat(length));
  large.checkAll();
});

test('with 65535 elements and more, only a walk tells how many there are', NO_HURRY, () => {
  const model = new ListpackModel();
  const at = ListpackModel.AT;
  model.u8 = new Uint8Array(1 << 19).fill(0x5a);
  listpack.writeEmpty(model.u8, at);
  const digit = bytesOf('7');
  for (let i = 0; i < 65_540; i++) {
    listpack.insert(model.u8, at, listpack.endOf(model.u8, at), digit, 0, 1);
    model.texts.push('7');
    if (i < 65_530) continue;
    check(listpack.count(model.u8, at) === i + 1, `count of ${i + 1}`);
  }
  model.checkAll();
  model.remove(10, 20);
  model.checkAll();
  expect(model.u8[at + 4] | (model.u8[at + 5] << 8)).toBe(65_520);
});

test('isValid says no to a block that cannot be walked, and never fails', NO_HURRY, () => {
  const prng = seededPrng('listpack, mutated');
  const model = new ListpackModel();
  for (let i = 0; i < 40; i++) model.insert(model.texts.length, randomText(prng).slice(0, 300));
  const good = model.bytes;
  const rounds = operations(20_000);
  let refused = 0;
  for (let i = 0; i < rounds; i++) {
    const bad = good.slice();
    for (let k = 1 + prng.below(3); k > 0; k--) {
      const position = prng.below(3) === 0 ? prng.below(20) : prng.below(bad.length);
      bad[position] = prng.below(256);
    }
    const size = prng.below(10) === 0 ? prng.below(bad.length + 1) : bad.length;
    if (!listpack.isValid(bad, 0, size)) refused++;
    else walk(bad);
  }
  expect(refused).toBeGreaterThan(rounds / 4);
  expect(listpack.isValid(new Uint8Array([7, 0, 0, 0, 0, 0, 255]), 0, 7)).toBe(true);
  expect(listpack.isValid(new Uint8Array(6), 0, 6)).toBe(false);
  expect(listpack.isValid(new Uint8Array([7, 0, 0, 0, 1, 0, 255]), 0, 7)).toBe(false);
});

/** Everything that a reader does to a block that isValid() has let pass stays inside it and agrees with itself. */
function walk(block: Uint8Array): void {
  const offsets: number[] = [];
  for (let e = listpack.first(block, 0); e >= 0; e = listpack.next(block, e)) {
    offsets.push(e);
    listpack.read(block, e);
    const { bytes, end } = listpack.text;
    check(bytes !== block || end < block.length, 'a text ends outside the block');
    check(listpack.skip(block, e) < block.length, 'an element ends outside the block');
  }
  const back: number[] = [];
  for (let e = listpack.last(block, 0); e >= 0; e = listpack.previous(block, 0, e)) back.push(e);
  check(back.reverse().join() === offsets.join(), 'backwards and forwards differ');
}

describe.skipIf(!oracleAvailable())('the blocks of the real server', () => {
  let server: RunningServer;
  let client: RawClient;
  beforeAll(async () => {
    server = await startRedis([
      '--rdbcompression',
      'no',
      '--hash-max-listpack-value',
      '1000000',
      '--hash-max-listpack-entries',
      '100000',
    ]);
    client = await RawClient.connect(server.port);
  }, 30_000);
  afterAll(async () => {
    client?.close();
    await server?.stop();
  });

  /** The listpack in a DUMP of a hash: type 16, then an RDB string. */
  async function dumped(key: string): Promise<Uint8Array> {
    const dump = (await client.call('DUMP', key)) as Buffer;
    expect(dump[0]).toBe(16);
    const head = dump[1];
    if (head < 64) return dump.subarray(2, 2 + head);
    if (head < 128) return dump.subarray(3, 3 + (((head & 63) << 8) | dump[2]));
    expect(head).toBe(0x80);
    return dump.subarray(6, 6 + dump.readUInt32BE(2));
  }

  test('are ours, byte for byte, after the same insertions, replacements and removals', async () => {
    const prng = seededPrng('listpack, real');
    for (let round = 0; round < 30; round++) {
      const model = new ListpackModel();
      await client.call('DEL', 'h');
      for (let i = 0; i < 60; i++) {
        const field = `${randomText(prng).slice(0, 100)}${i % 3 === 0 ? '' : i}`;
        const value = randomText(prng);
        const index = model.texts.findIndex((text, at) => at % 2 === 0 && text === field);
        await client.call('HSET', 'h', bytesOf(field), bytesOf(value));
        if (index >= 0) {
          model.replace(index + 1, value);
        } else {
          model.insert(model.texts.length, field);
          model.insert(model.texts.length, value);
        }
        if (prng.below(4) === 0 && model.texts.length > 4) {
          const gone = prng.below(model.texts.length >> 1) * 2;
          await client.call('HDEL', 'h', bytesOf(model.texts[gone]));
          model.remove(gone, 2);
        }
      }
      const real = await dumped('h');
      expect(Buffer.compare(model.bytes, real), `round ${round}`).toBe(0);
      expect(listpack.isValid(real, 0, real.length)).toBe(true);
    }
  }, 60_000);

  test('are ours at the borders of every encoding', async () => {
    const texts = [...INTEGERS, ...NOT_INTEGERS, ...LENGTHS.map((length) => 'x'.repeat(length))];
    const model = new ListpackModel();
    await client.call('DEL', 'h');
    for (const text of texts) {
      await client.call('HSET', 'h', bytesOf(text), bytesOf(text));
      model.insert(model.texts.length, text);
      model.insert(model.texts.length, text);
    }
    expect(Buffer.compare(model.bytes, await dumped('h'))).toBe(0);
  });
});
