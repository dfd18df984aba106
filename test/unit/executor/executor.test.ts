/** Executor.runOnce on one thread, driven by rings that the test fills. */
import { describe, expect, it } from 'vitest';
import { INPUT_BARRIER, INPUT_BROKEN, INPUT_TAKEN } from '../../../src/net/input.ts';
import {
  FRAME_BARRIER,
  FRAME_CLOSE_AFTER_WRITE,
  FRAME_DATA,
  FRAME_FORGOTTEN,
  FRAME_PAUSE,
  FRAME_RESUME,
} from '../../../src/ring/reply-ring.ts';
import { REQUEST_BARRIER, REQUEST_END, REQUEST_PROTOCOL_ERROR } from '../../../src/ring/request-ring.ts';
import { bulk, command, ExecutorRig } from './rig.ts';

const WRONG_ECHO = "-ERR wrong number of arguments for 'echo' command\r\n";

describe('requests', () => {
  it('are answered in order, neighbours of one connection in one frame', () => {
    const rig = new ExecutorRig();
    const a = rig.open(0);
    const b = rig.open(1);
    rig.send(a, command('ECHO', 'one') + command('ECHO', 'two'));
    rig.send(b, command('ECHO', 'three'));
    rig.send(a, command('ECHO', 'four'));
    rig.settle();
    expect(rig.frames.map(({ slot, text }) => [slot, text])).toEqual([
      [0, bulk('one') + bulk('two')],
      [1, bulk('three')],
      [0, bulk('four')],
    ]);
  });

  it('nothing is executed or answered before it is published', () => {
    const rig = new ExecutorRig();
    rig.send(rig.open(0), command('ECHO', 'x'));
    rig.executor.runOnce();
    expect(rig.executed).toEqual([]);
    expect(rig.take()).toBe(false);
    rig.settle();
    expect(rig.textOf(0)).toBe(bulk('x'));
  });

  it('a batch has an end, what is left is taken by the next turn', () => {
    const rig = new ExecutorRig();
    const a = rig.open(0);
    for (let i = 0; i < 1000; i++) rig.send(a, command('ECHO', String(i)));
    rig.turn();
    expect(rig.executed.length).toBeLessThan(1000);
    rig.settle();
    expect(rig.executed).toEqual(Array.from({ length: 1000 }, (_, i) => String(i)));
    expect(rig.executor.figures.commands).toBe(1000);
    expect(rig.executor.figures.batches).toBeGreaterThan(1);
  });

  it('unknown names and wrong argument counts are errors and counted as such', () => {
    const rig = new ExecutorRig();
    const a = rig.open(0);
    rig.send(a, command('nope', 'x') + command('ECHO') + command('ECHO', '1', '2') + command('ECHO', 'ok'));
    rig.settle();
    expect(rig.textOf(0)).toBe(
      `-ERR unknown command 'nope', with args beginning with: 'x' \r\n${WRONG_ECHO}${WRONG_ECHO}${bulk('ok')}`,
    );
    expect(rig.server.stats.totalErrors).toBe(3);
    expect(rig.server.stats.rejected[rig.server.table.find('echo')!.id]).toBe(2);
    expect(rig.server.stats.calls[rig.server.table.find('echo')!.id]).toBe(1);
  });

  it('an error reply of a handler counts as failed', () => {
    const rig = new ExecutorRig();
    rig.send(rig.open(0), command('FAIL') + command('FAIL'));
    rig.settle();
    expect(rig.server.stats.failed[rig.server.table.find('fail')!.id]).toBe(2);
    expect(rig.server.stats.errors.get('ERR')).toBe(2);
  });

  it('containers find their subcommands', () => {
    const rig = new ExecutorRig();
    rig.send(
      rig.open(0),
      command('BOX', 'one') + command('BOX') + command('BOX', 'two') + command('BOX', 'ONE', 'x'),
    );
    rig.settle();
    expect(rig.textOf(0)).toBe(
      "+one\r\n-ERR wrong number of arguments for 'box' command\r\n" +
        "-ERR unknown subcommand 'two'. Try BOX HELP.\r\n-ERR wrong number of arguments for 'box|one' command\r\n",
    );
  });

  it('the key hash comes along, whole, in pieces and outside the ring', () => {
    const rig = new ExecutorRig();
    const a = rig.open(0);
    rig.send(a, command('KEYED', 'some-key', 'x'));
    const pieces = command('KEYED', 'other-key', 'y');
    for (let i = 0; i < pieces.length; i++) rig.send(a, pieces[i]);
    rig.send(a, command('KEYED', 'third-key', 'z'.repeat(600_000)));
    rig.settle();
    expect(rig.textOf(0)).toBe(':1\r\n:1\r\n:1\r\n');
    expect(rig.large).toEqual([]);
  });

  it('a command too big for the ring keeps its place among the others', () => {
    const rig = new ExecutorRig();
    const a = rig.open(0);
    const big = 'B'.repeat(1 << 20);
    rig.send(a, command('ECHO', 'before') + command('ECHO', big) + command('ECHO', 'after'));
    rig.settle();
    expect(rig.executed).toEqual(['before', 'B'.repeat(40), 'after']);
    expect(rig.textOf(0)).toBe(bulk('before') + bulk(big) + bulk('after'));
  });
});

describe('before AUTH', () => {
  it('commands are refused, unknown ones and wrong counts are told first', () => {
    const rig = new ExecutorRig();
    rig.requirePassword();
    const a = rig.open(0);
    rig.send(
      a,
      command('ECHO', 'x') + command('nope') + command('ECHO') + command('LOGIN') + command('ECHO', 'y'),
    );
    rig.settle();
    expect(rig.textOf(0)).toBe(
      `-NOAUTH Authentication required.\r\n-ERR unknown command 'nope', with args beginning with: \r\n${WRONG_ECHO}+OK\r\n${bulk('y')}`,
    );
    expect(rig.isAuthenticated(0)).toBe(true);
  });

  it('a limit is judged when a BARRIER has come back, with what was before it executed', () => {
    const rig = new ExecutorRig();
    rig.requirePassword();
    const a = rig.open(0);
    const long = command('ECHO', ...'abcdefghijkl');
    expect(rig.send(a, command('LOGIN') + long + command('ECHO', 'z'))).toBe(INPUT_BARRIER);
    rig.record(REQUEST_BARRIER, 0);
    rig.settle();
    expect(rig.kindsOf(0)).toEqual([FRAME_DATA, FRAME_BARRIER]);
    a.barrierPassed = true;
    expect(rig.input.retry(a)).toBe(INPUT_TAKEN);
    rig.settle();
    expect(rig.textOf(0)).toBe(`+OK\r\n${WRONG_ECHO}${bulk('z')}`);
  });

  it('without an AUTH before it, it is an error after the BARRIER', () => {
    const rig = new ExecutorRig();
    rig.requirePassword();
    const a = rig.open(0);
    expect(rig.send(a, command('ECHO', ...'abcdefghijkl'))).toBe(INPUT_BARRIER);
    a.barrierPassed = true;
    expect(rig.input.retry(a)).toBe(INPUT_BROKEN);
    expect(rig.input.error).toBe('Protocol error: unauthenticated multibulk length');
  });

  it('an inline line and a command in pieces are judged by the same rules', () => {
    const rig = new ExecutorRig();
    rig.requirePassword();
    const a = rig.open(0);
    expect(rig.send(a, `ECHO ${'x '.repeat(50)}\r\n`)).toBe(INPUT_TAKEN);
    const long = command('ECHO', 'x'.repeat(16385));
    expect(rig.send(a, long.slice(0, 16))).toBe(INPUT_TAKEN);
    expect(rig.send(a, long.slice(16, 200))).toBe(INPUT_BARRIER);
    expect(Buffer.from(a.backlog!).toString()).toBe(long.slice(0, 200));
  });
});

describe('the end of a connection', () => {
  it('a protocol error follows the replies before it and closes', () => {
    const rig = new ExecutorRig();
    const a = rig.open(0);
    expect(rig.send(a, `${command('ECHO', 'x')}*1\r\n!\r\n`)).toBe(INPUT_BROKEN);
    rig.record(REQUEST_PROTOCOL_ERROR, 0, rig.input.error);
    rig.settle();
    expect(rig.textOf(0)).toBe(`${bulk('x')}-ERR Protocol error: expected '$', got '!'\r\n`);
    expect(rig.kindsOf(0)).toEqual([FRAME_DATA, FRAME_CLOSE_AFTER_WRITE]);
  });

  it('what comes behind a QUIT is dropped', () => {
    const rig = new ExecutorRig();
    rig.send(rig.open(0), command('QUIT') + command('ECHO', 'x') + command('nope'));
    rig.record(REQUEST_PROTOCOL_ERROR, 0, 'Protocol error: late');
    rig.record(REQUEST_END, 0);
    rig.settle();
    expect(rig.textOf(0)).toBe('+OK\r\n');
    expect(rig.kindsOf(0)).toEqual([FRAME_DATA, FRAME_CLOSE_AFTER_WRITE]);
    expect(rig.executed).toEqual([]);
  });

  it('the end of input closes after the replies', () => {
    const rig = new ExecutorRig();
    rig.send(rig.open(0), command('ECHO', 'x'));
    rig.record(REQUEST_END, 0);
    rig.settle();
    expect(rig.kindsOf(0)).toEqual([FRAME_DATA, FRAME_CLOSE_AFTER_WRITE]);
  });

  it('a closed connection is forgotten, and the reply under way to another in the same batch is not lost', () => {
    const rig = new ExecutorRig();
    const a = rig.open(0);
    const b = rig.open(1);
    rig.send(b, command('ECHO', 'gone'));
    rig.send(a, command('ECHO', 'kept'));
    rig.closed(1);
    rig.send(a, command('ECHO', 'also'));
    rig.settle();
    expect(rig.textOf(0)).toBe(bulk('kept') + bulk('also'));
    expect(rig.kindsOf(1)).toEqual([FRAME_DATA, FRAME_FORGOTTEN]);
    expect(rig.server.sessions.size).toBe(1);
  });

  it('a slot that is used again begins anew', () => {
    const rig = new ExecutorRig();
    for (let i = 0; i < 5; i++) {
      rig.send(rig.open(0), command('OFF') + command('ECHO', 'x'));
      rig.closed(0);
      rig.send(rig.open(0), command('ECHO', String(i)));
      rig.closed(0);
    }
    rig.settle();
    expect(rig.textOf(0)).toBe([0, 1, 2, 3, 4].map((i) => bulk(String(i))).join(''));
    expect(rig.server.sessions.size).toBe(0);
  });
});

describe('CLIENT REPLY', () => {
  it('OFF drops replies and errors of every kind until ON, which is answered', () => {
    const rig = new ExecutorRig();
    rig.send(
      rig.open(0),
      command('OFF') +
        command('ECHO', 'a') +
        command('nope') +
        command('ECHO') +
        command('FAIL') +
        command('ON') +
        command('ECHO', 'b'),
    );
    rig.settle();
    expect(rig.textOf(0)).toBe(`+OK\r\n${bulk('b')}`);
    expect(rig.executed).toEqual(['a', 'b']);
  });

  it('SKIP drops one reply, be it of an unknown command', () => {
    const rig = new ExecutorRig();
    rig.send(
      rig.open(0),
      command('SKIP') +
        command('ECHO', 'a') +
        command('ECHO', 'b') +
        command('SKIP') +
        command('nope') +
        command('ECHO', 'c'),
    );
    rig.settle();
    expect(rig.textOf(0)).toBe(bulk('b') + bulk('c'));
  });

  it('SKIP twice skips the command after the second', () => {
    const rig = new ExecutorRig();
    rig.send(rig.open(0), command('SKIP') + command('SKIP') + command('ECHO', 'a') + command('ECHO', 'b'));
    rig.settle();
    expect(rig.textOf(0)).toBe(bulk('b'));
  });

  it('OFF silences a protocol error too', () => {
    const rig = new ExecutorRig();
    rig.send(rig.open(0), command('OFF'));
    rig.record(REQUEST_PROTOCOL_ERROR, 0, 'Protocol error: x');
    rig.settle();
    expect(rig.kindsOf(0)).toEqual([FRAME_CLOSE_AFTER_WRITE]);
  });

  it('a reply larger than any buffer is dropped as well', () => {
    const rig = new ExecutorRig();
    rig.send(rig.open(0), command('OFF') + command('FILL', '3000000') + command('ON'));
    rig.settle();
    expect(rig.textOf(0)).toBe('+OK\r\n');
  });

  it('a skipped command that parks has its answer dropped', () => {
    const rig = new ExecutorRig();
    rig.send(rig.open(0), command('SKIP') + command('PARK', 'x') + command('ECHO', 'y'));
    rig.settle();
    rig.parked.shift()!();
    rig.settle();
    expect(rig.textOf(0)).toBe(bulk('y'));
  });
});

describe('parked sessions', () => {
  it('queue what comes, run it in order behind the answer, and others go on', () => {
    const rig = new ExecutorRig();
    const a = rig.open(0);
    const b = rig.open(1);
    rig.send(
      a,
      command('ECHO', '1') +
        command('PARK', 'answer') +
        command('ECHO', '2') +
        command('nope') +
        command('ECHO', '3'),
    );
    rig.send(b, command('ECHO', 'other'));
    rig.settle();
    expect(rig.textOf(0)).toBe(bulk('1'));
    expect(rig.textOf(1)).toBe(bulk('other'));
    rig.send(a, command('ECHO', '4'));
    rig.settle();
    expect(rig.textOf(0)).toBe(bulk('1'));
    rig.parked.shift()!();
    rig.send(a, command('ECHO', '5'));
    rig.settle();
    expect(rig.textOf(0)).toBe(
      `${bulk('1')}+answer\r\n${bulk('2')}-ERR unknown command 'nope', with args beginning with: \r\n${bulk('3')}${bulk('4')}${bulk('5')}`,
    );
    expect(rig.channel.queryBufferBytes(rig.channel.sessions[0]!)).toBe(0);
  });

  it('one that parks again from its queue waits again', () => {
    const rig = new ExecutorRig();
    const a = rig.open(0);
    rig.send(a, command('PARK', 'p1') + command('ECHO', '1') + command('PARK', 'p2') + command('ECHO', '2'));
    rig.settle();
    rig.parked.shift()!();
    rig.settle();
    expect(rig.textOf(0)).toBe(`+p1\r\n${bulk('1')}`);
    rig.send(a, command('ECHO', '3'));
    rig.settle();
    rig.parked.shift()!();
    rig.settle();
    expect(rig.textOf(0)).toBe(`+p1\r\n${bulk('1')}+p2\r\n${bulk('2')}${bulk('3')}`);
  });

  it('a long queue stops the reading, and an empty one resumes it', () => {
    const rig = new ExecutorRig();
    const a = rig.open(0);
    rig.send(a, command('PARK', 'p'));
    for (let i = 0; i < 20; i++) {
      rig.send(a, command('ECHO', 'x'.repeat(60_000)));
      rig.settle();
    }
    expect(rig.kindsOf(0)).toEqual([FRAME_PAUSE]);
    expect(rig.channel.queryBufferBytes(rig.channel.sessions[0]!)).toBeGreaterThan(1 << 20);
    rig.parked.shift()!();
    rig.settle();
    expect(rig.kindsOf(0).filter((kind) => kind !== FRAME_DATA)).toEqual([FRAME_PAUSE, FRAME_RESUME]);
    expect(rig.textOf(0).length).toBe(4 + 20 * (8 + 60_000 + 2));
  });

  it('the end of input, a broken stream and a BARRIER wait for their turn', () => {
    const rig = new ExecutorRig();
    const a = rig.open(0);
    rig.send(a, command('PARK', 'p') + command('ECHO', '1'));
    rig.record(REQUEST_BARRIER, 0);
    rig.record(REQUEST_PROTOCOL_ERROR, 0, 'Protocol error: x');
    rig.settle();
    expect(rig.frames).toEqual([]);
    rig.parked.shift()!();
    rig.settle();
    expect(rig.textOf(0)).toBe(`+p\r\n${bulk('1')}-ERR Protocol error: x\r\n`);
    expect(rig.kindsOf(0)).toEqual([FRAME_DATA, FRAME_BARRIER, FRAME_DATA, FRAME_CLOSE_AFTER_WRITE]);

    const b = rig.open(1);
    rig.send(b, command('PARK', 'p') + command('ECHO', '1'));
    rig.record(REQUEST_END, 1);
    rig.settle();
    rig.parked.shift()!();
    rig.settle();
    expect(rig.textOf(1)).toBe(`+p\r\n${bulk('1')}`);
    expect(rig.kindsOf(1)).toEqual([FRAME_DATA, FRAME_CLOSE_AFTER_WRITE]);
  });

  it('an answer for a connection that has gone is dropped', () => {
    const rig = new ExecutorRig();
    const a = rig.open(0);
    rig.send(a, command('PARK', 'p') + command('ECHO', 'x'));
    rig.closed(0);
    rig.send(rig.open(0), command('ECHO', 'next'));
    rig.settle();
    rig.parked.shift()!();
    rig.settle();
    expect(rig.textOf(0)).toBe(bulk('next'));
    expect(rig.executed).toEqual(['next']);
  });

  it('a large command waits in the queue like any other', () => {
    const rig = new ExecutorRig();
    const a = rig.open(0);
    const big = 'b'.repeat(700_000);
    rig.send(a, command('PARK', 'p') + command('ECHO', big) + command('ECHO', '2'));
    rig.settle();
    rig.parked.shift()!();
    rig.settle();
    expect(rig.textOf(0)).toBe(`+p\r\n${bulk(big)}${bulk('2')}`);
  });
});
