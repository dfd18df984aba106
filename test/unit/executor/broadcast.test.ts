/** Messages to many sessions of a channel: one frame for all that can take it, in order with their replies, however slowly they read. */
import { expect, it } from 'vitest';
import { REQUEST_DRAINED } from '../../../src/ring/request-ring.ts';
import { seededRandom } from '../base/seeded-random.ts';
import { bulk, command, ExecutorRig } from './rig.ts';

const message = (channel: string, text: string) => `>3\r\n${bulk('message')}${bulk(channel)}${bulk(text)}`;

it('a message to many is one frame, and so is a pipeline of them', () => {
  const rig = new ExecutorRig();
  const all = Array.from({ length: 100 }, (_, i) => rig.open(i));
  for (const connection of all) rig.send(connection, command('SUB', 'c'));
  rig.settle();
  const publisher = rig.open(100);
  let sent = '';
  for (let i = 0; i < 50; i++) sent += command('PUB', 'c', `m${i}`);
  rig.send(publisher, sent);
  rig.settle();
  expect(rig.broadcasts).toBe(1);
  const wanted = Array.from({ length: 50 }, (_, i) => message('c', `m${i}`)).join('');
  for (let i = 0; i < 100; i++) expect(rig.textOf(i)).toBe(`+on\r\n${wanted}`);
  expect(rig.textOf(100)).toBe(':100\r\n'.repeat(50));
  expect(rig.frames.filter(({ slot }) => slot === 100)).toHaveLength(1);
});

it('messages, subscriptions and replies of any size, to readers of any speed, arrive whole and in order', () => {
  const random = seededRandom('broadcast');
  const rig = new ExecutorRig();
  const count = 10;
  const channels = ['a', 'b'];
  const all = Array.from({ length: count }, (_, i) => rig.open(i));
  const expected: string[] = all.map(() => '');
  const received = all.map(() => '');
  const acknowledged = all.map(() => 0);
  const subscribed = channels.map(() => new Set<number>());
  const collect = (): void => {
    for (const frame of rig.frames.splice(0)) received[frame.slot] += frame.text;
  };
  const send = (slot: number, text: string): void => {
    if (rig.send(all[slot], text) === 0) return;
    while (all[slot].backlog !== null || all[slot].partial?.complete) {
      rig.turn();
      rig.take(false);
      collect();
      rig.input.retry(all[slot]);
    }
  };
  const read = (slot: number, bytes: number): void => {
    acknowledged[slot] += bytes;
    if (rig.acknowledge(slot, bytes)) rig.record(REQUEST_DRAINED, slot);
  };
  const unread = (slot: number): number => received[slot].length - acknowledged[slot];

  for (let step = 0; step < 3000; step++) {
    const slot = random.below(count);
    const at = random.below(channels.length);
    const channel = channels[at];
    const size = random.below(30) === 0 ? random.below(200_000) : random.below(300);
    const text = String.fromCharCode(33 + (step % 90)).repeat(size);
    const action = random.below(10);
    if (action === 0) {
      subscribed[at].add(slot);
      send(slot, command('SUB', channel));
      expected[slot] += '+on\r\n';
    } else if (action === 1) {
      subscribed[at].delete(slot);
      send(slot, command('UNSUB', channel));
      expected[slot] += '+off\r\n';
    } else if (action < 6) {
      send(slot, command('ECHO', text));
      expected[slot] += bulk(text);
    } else {
      send(slot, command('PUB', channel, text));
      expected[slot] += `:${subscribed[at].size}\r\n`;
      for (const receiver of subscribed[at]) expected[receiver] += message(channel, text);
    }
    if (random.below(3) === 0) rig.turn();
    if (random.below(4) === 0) {
      rig.take(false);
      collect();
    }
    const reader = random.below(count);
    // Slot 0 never reads until the end.
    if (reader !== 0 && random.below(2) === 0)
      read(reader, random.below(3) === 0 ? random.below(unread(reader) + 1) : unread(reader));
  }
  for (let i = 0; i < 20_000 && all.some((_, slot) => received[slot].length < expected[slot].length); i++) {
    rig.turn();
    rig.take(false);
    collect();
    for (let slot = 0; slot < count; slot++) read(slot, unread(slot));
  }
  expect(rig.broadcasts).toBeGreaterThan(20);
  for (let slot = 0; slot < count; slot++) {
    // A client that has never subscribed speaks RESP2; what it gets is the same.
    expect(received[slot] === expected[slot]).toBe(true);
    expect(rig.channel.spillChunks(rig.channel.sessions[slot]!)).toBe(0);
  }
});
