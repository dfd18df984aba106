/** The executor's end of a channel: frames, credit, spilling, a full ring, all on one thread. */
import { describe, expect, it } from 'vitest';
import type { Session } from '../../../src/commands/session.ts';
import { REPLY_CREDIT, REPLY_WORDS } from '../../../src/ring/layout.ts';
import {
  FRAME_CLOSE,
  FRAME_CLOSE_AFTER_WRITE,
  FRAME_DATA,
  FRAME_FORGOTTEN,
} from '../../../src/ring/reply-ring.ts';
import { REQUEST_DRAINED, REQUEST_END } from '../../../src/ring/request-ring.ts';
import { seededRandom } from '../base/seeded-random.ts';
import { bulk, command, ExecutorRig } from './rig.ts';

/** Opens `count` connections and returns their sessions. */
function sessions(rig: ExecutorRig, count: number): Session[] {
  for (let i = 0; i < count; i++) rig.open(i);
  rig.settle();
  return Array.from({ length: count }, (_, i) => rig.channel.sessions[i]!);
}

function write(rig: ExecutorRig, session: Session, text: string): void {
  expect(rig.channel.begin(session)).toBe(true);
  rig.channel.reply.latin1(text);
}

describe('frames', () => {
  it('neighbouring replies to one session share a frame, others do not', () => {
    const rig = new ExecutorRig();
    const [a, b] = sessions(rig, 2);
    write(rig, a, 'a1');
    write(rig, a, 'a2');
    write(rig, b, 'b1');
    write(rig, a, 'a3');
    rig.channel.flush();
    rig.take();
    expect(rig.frames.map(({ slot, text }) => `${slot}:${text}`)).toEqual(['0:a1a2', '1:b1', '0:a3']);
  });

  it('a session that wrote nothing makes no frame', () => {
    const rig = new ExecutorRig();
    const [a] = sessions(rig, 1);
    rig.channel.begin(a);
    expect(rig.channel.flush()).toBe(false);
    expect(rig.take()).toBe(false);
  });

  it('a control frame takes its place between the replies', () => {
    const rig = new ExecutorRig();
    const [a, b] = sessions(rig, 2);
    write(rig, a, 'before');
    rig.channel.close(b);
    rig.channel.reply.latin1('after');
    rig.channel.closeAfterReply(a);
    rig.channel.flush();
    rig.take();
    expect(rig.frames).toEqual([
      { kind: FRAME_DATA, slot: 0, text: 'before' },
      { kind: FRAME_CLOSE, slot: 1, text: '' },
      { kind: FRAME_DATA, slot: 0, text: 'after' },
      { kind: FRAME_CLOSE_AFTER_WRITE, slot: 0, text: '' },
    ]);
  });

  it('dropping a session keeps the open frame of another', () => {
    const rig = new ExecutorRig();
    const [a, b] = sessions(rig, 2);
    write(rig, a, 'kept');
    rig.channel.drop(b);
    rig.channel.begin(a);
    rig.channel.reply.latin1('+');
    rig.channel.flush();
    rig.take();
    expect(rig.textOf(0)).toBe('kept+');
  });
});

describe('credit', () => {
  it('a client that does not read spills beyond its credit, and gets the rest in order as it reads', () => {
    const rig = new ExecutorRig();
    const [a] = sessions(rig, 1);
    const expected: string[] = [];
    for (let i = 0; i < 40_000; i++) {
      const text = `reply ${i} ${'.'.repeat(i % 50)};`;
      write(rig, a, text);
      expected.push(text);
      if (i % 100 === 0) {
        rig.channel.flush();
        rig.channel.pumpWaiting();
        rig.take(false);
      }
    }
    rig.channel.flush();
    rig.take(false);
    expect(rig.isSpilling(0)).toBe(true);
    const sent = rig.textOf(0).length;
    expect(sent).toBeLessThan(REPLY_CREDIT + 64 * 1024);
    expect(rig.channel.spillBytes(a)).toBe(expected.join('').length - sent);
    expect(rig.channel.outputBacklog(a)).toBe(expected.join('').length);
    // The socket takes what was sent; each time the io worker says DRAINED.
    let acknowledged = 0;
    while (rig.isSpilling(0)) {
      const now = rig.textOf(0).length;
      rig.acknowledge(0, now - acknowledged);
      acknowledged = now;
      rig.record(REQUEST_DRAINED, 0);
      rig.turn();
      rig.take(false);
      expect(rig.textOf(0).length - acknowledged).toBeLessThanOrEqual(REPLY_CREDIT);
    }
    expect(rig.textOf(0)).toBe(expected.join(''));
    expect(rig.channel.spillChunks(a)).toBe(0);
  });

  it('is not passed by one small frame per batch either', () => {
    const rig = new ExecutorRig();
    const a = rig.open(0);
    for (let i = 0; i < 200; i++) {
      rig.send(a, command('FILL', '8000'));
      rig.turn();
      rig.turn();
      rig.take(false);
    }
    expect(rig.textOf(0).length).toBeLessThan(REPLY_CREDIT + 16_000);
    expect(rig.channel.outputBacklog(rig.channel.sessions[0]!)).toBe(200 * bulk('f'.repeat(8000)).length);
  });

  it('a socket that has taken everything before the spill began needs no DRAINED', () => {
    const rig = new ExecutorRig();
    const [a] = sessions(rig, 1);
    for (let i = 0; i < 700; i++) write(rig, a, 'x'.repeat(1000));
    rig.channel.flush();
    rig.take(true);
    rig.channel.pumpWaiting();
    rig.channel.flush();
    rig.take(true);
    for (let i = 0; i < 5; i++) {
      rig.channel.pumpWaiting();
      rig.channel.flush();
      rig.take(true);
      if (rig.isSpilling(0)) rig.record(REQUEST_DRAINED, 0);
      rig.turn();
      rig.take(true);
    }
    expect(rig.textOf(0).length).toBe(700_000);
    expect(rig.isSpilling(0)).toBe(false);
  });

  it('one client that does not read leaves the ring to the others', () => {
    const rig = new ExecutorRig();
    const a = rig.open(0);
    const b = rig.open(1);
    rig.send(a, command('FILL', '5000000'));
    rig.turn();
    rig.take(false);
    rig.frames.length = 0;
    for (let i = 0; i < 100; i++) {
      rig.send(b, command('ECHO', String(i)));
      rig.turn();
      rig.take(false);
      expect(rig.frames.splice(0)).toEqual([{ kind: FRAME_DATA, slot: 1, text: bulk(String(i)) }]);
    }
  });

  it('the end of input with replies waiting closes behind the last of them', () => {
    const rig = new ExecutorRig();
    const a = rig.open(0);
    rig.send(a, command('FILL', '3000000') + command('ECHO', 'last'));
    rig.record(REQUEST_END, 0);
    rig.turn();
    rig.take(false);
    expect(rig.kindsOf(0)).toEqual([FRAME_DATA]);
    let acknowledged = 0;
    while (rig.isSpilling(0)) {
      const now = rig.textOf(0).length;
      rig.acknowledge(0, now - acknowledged);
      acknowledged = now;
      rig.record(REQUEST_DRAINED, 0);
      rig.turn();
      rig.take(false);
    }
    expect(rig.kindsOf(0)).toEqual([FRAME_DATA, FRAME_CLOSE_AFTER_WRITE]);
    expect(rig.textOf(0)).toBe(bulk('f'.repeat(3_000_000)) + bulk('last'));
  });

  it('a connection that goes away takes its queue along', () => {
    const rig = new ExecutorRig();
    const a = rig.open(0);
    rig.send(a, command('FILL', '5000000'));
    rig.turn();
    rig.take(false);
    rig.closed(0);
    rig.settle();
    expect(rig.kindsOf(0)).toEqual([FRAME_DATA, FRAME_FORGOTTEN]);
    expect(rig.channel.starved).toBe(false);
    rig.send(rig.open(0), command('ECHO', 'new'));
    rig.settle();
    expect(rig.frames.at(-1)!.text).toBe(bulk('new'));
  });
});

describe('a full ring', () => {
  it('begin() refuses, nothing is executed, and it goes on when there is room', () => {
    const rig = new ExecutorRig();
    const all = Array.from({ length: 40 }, (_, i) => rig.open(i));
    for (const connection of all) rig.send(connection, command('FILL', '60000'));
    rig.turn();
    for (let i = 0; i < 10; i++) rig.turn();
    expect(rig.channel.full).toBe(true);
    expect(rig.channel.starved).toBe(true);
    expect(rig.channel.roomFreed).toBe(false);
    expect(rig.executor.figures.commands).toBeLessThan(40);
    expect(rig.take()).toBe(true);
    expect(rig.channel.roomFreed).toBe(true);
    rig.settle();
    expect(rig.executor.figures.commands).toBe(40);
    for (let i = 0; i < 40; i++) expect(rig.textOf(i)).toBe(bulk('f'.repeat(60_000)));
  });

  it('no frame is written over when control frames fill it inside one command', () => {
    const rig = new ExecutorRig();
    const count = REPLY_WORDS / 4 + 500;
    for (let i = 0; i < count; i++) {
      rig.open(i);
      rig.turn();
    }
    const [first] = rig.channel.sessions;
    write(rig, first!, 'begun ');
    for (let i = 1; i < count; i++) rig.channel.close(rig.channel.sessions[i]!);
    rig.channel.reply.latin1('and ended');
    rig.channel.flush();
    rig.take();
    expect(rig.textOf(0)).toBe('begun and ended');
    rig.channel.flush();
    rig.take();
    const closes = rig.frames.filter((frame) => frame.kind === FRAME_CLOSE).map((frame) => frame.slot);
    expect(closes).toEqual(Array.from({ length: count - 1 }, (_, i) => i + 1));
  });
});

describe('any mixture', () => {
  it('replies of any size to readers of any speed arrive whole and in order', () => {
    const random = seededRandom('channel end');
    const rig = new ExecutorRig();
    const count = 8;
    const all = Array.from({ length: count }, (_, i) => rig.open(i));
    const expected: string[] = all.map(() => '');
    const acknowledged = all.map(() => 0);
    const received = all.map(() => '');
    const collect = (): void => {
      for (const frame of rig.frames.splice(0)) received[frame.slot] += frame.text;
    };
    for (let step = 0; step < 3000; step++) {
      const slot = random.below(count);
      const size = random.below(20) === 0 ? random.below(300_000) : random.below(300);
      const text = String.fromCharCode(33 + (step % 90)).repeat(size);
      if (rig.send(all[slot], command('ECHO', text)) !== 0) {
        rig.take(false);
        collect();
        while (all[slot].backlog !== null || all[slot].partial?.complete) {
          rig.turn();
          rig.take(false);
          collect();
          rig.input.retry(all[slot]);
        }
      }
      expected[slot] += bulk(text);
      if (random.below(3) === 0) rig.turn();
      if (random.below(4) === 0) {
        rig.take(false);
        collect();
      }
      const reader = random.below(count);
      // Slot 0 never reads until the end.
      if (reader !== 0 && random.below(2) === 0) {
        const unread = received[reader].length - acknowledged[reader];
        const some = random.below(3) === 0 ? random.below(unread + 1) : unread;
        acknowledged[reader] += some;
        if (rig.acknowledge(reader, some)) rig.record(REQUEST_DRAINED, reader);
      }
    }
    for (let i = 0; i < 20_000 && all.some((_, slot) => received[slot].length < expected[slot].length); i++) {
      rig.turn();
      rig.take(false);
      collect();
      for (let slot = 0; slot < count; slot++) {
        const unread = received[slot].length - acknowledged[slot];
        acknowledged[slot] += unread;
        if (rig.acknowledge(slot, unread)) rig.record(REQUEST_DRAINED, slot);
      }
    }
    for (let slot = 0; slot < count; slot++) expect(received[slot] === expected[slot]).toBe(true);
    for (let slot = 0; slot < count; slot++)
      expect(rig.channel.spillChunks(rig.channel.sessions[slot]!)).toBe(0);
  });
});
