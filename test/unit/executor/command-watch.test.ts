/** What the executor notices about commands, with a clock that moves only inside them. */
import { describe, expect, it } from 'vitest';
import { LARGE_REPLY, LARGE_REQUEST, SLOW } from '../../../src/commands/command-logs.ts';
import { LOOK_TIME } from '../../../src/executor/command-watch.ts';
import { EXECUTOR_COMMAND } from '../../../src/ring/layout.ts';
import { command, ExecutorRig } from './rig.ts';

/** A rig with these settings on top of the usual ones. */
function rigWith(settings: Record<string, number> = {}): ExecutorRig {
  const rig = new ExecutorRig();
  Object.assign(rig.config, {
    'slowlog-log-slower-than': 10_000,
    'slowlog-max-len': 128,
    'commandlog-request-larger-than': 1 << 20,
    'commandlog-large-request-max-len': 128,
    'commandlog-reply-larger-than': 1 << 20,
    'commandlog-large-reply-max-len': 128,
    'latency-monitor-threshold': 0,
    'latency-tracking': 1,
    ...settings,
  });
  rig.watch.readSettings(rig.server.config);
  return rig;
}

function run(rig: ExecutorRig, ...commands: string[][]): void {
  rig.send(rig.open(0), commands.map((words) => command(...words)).join(''));
  rig.settle();
}

function entries(rig: ExecutorRig, kind: 0 | 1 | 2 = SLOW): [number, string][] {
  return rig.server.commandLogs
    .of(kind)
    .newest(Infinity)
    .map(({ amount, arguments: args }): [number, string] => [amount, args.join(' ')])
    .reverse();
}

const idOf = (rig: ExecutorRig, name: string) => rig.server.table.find(name)!.id;

describe('time', () => {
  it('is measured for a command that is not O(1) by itself, for others per run', () => {
    const rig = rigWith();
    run(rig, ['SLOW', '100'], ['SLOW', '300'], ['TAKE', '10'], ['TAKE', '30']);
    const { calls, histograms, usec } = rig.server.stats;
    const [slow, take] = [idOf(rig, 'slow'), idOf(rig, 'take')];
    expect([calls[slow], usec[slow], calls[take], usec[take]]).toEqual([2, 400, 2, 40]);
    expect(histograms[slow]!.percentile(0)).toBeLessThan(102_000);
    expect(histograms[slow]!.percentile(100)).toBeGreaterThanOrEqual(300_000);
    expect(histograms[take]!.percentile(0)).toBe(histograms[take]!.percentile(100));
    expect(histograms[take]!.total).toBe(2);
  });

  it('a slow command is logged with its own time', () => {
    const rig = rigWith();
    run(rig, ['SLOW', '9999'], ['SLOW', '10000', 'a'], ['TAKE', '5'], ['SLOW', '20000', 'b'], ['SLOW', '1']);
    expect(entries(rig)).toEqual([
      [10_000, 'SLOW 10000 a'],
      [20_000, 'SLOW 20000 b'],
    ]);
  });

  it('a run of O(1) commands that took too long is put down to one of them', () => {
    const rig = rigWith();
    run(rig, ...Array.from({ length: 100 }, () => ['TAKE', '10']));
    run(rig, ['TAKE', '10', 'first'], ['TAKE', '15000'], ['TAKE', '10'], ['TAKE', '10']);
    expect(entries(rig)).toEqual([[15_000, 'TAKE 10 first ... (one of 4 calls in a row)']]);
  });

  it('a run that is long because it has many calls is none', () => {
    const rig = rigWith();
    run(rig, ...Array.from({ length: 20 }, () => ['TAKE', '800']));
    run(rig, ...Array.from({ length: 20 }, () => ['TAKE', '800']));
    expect(entries(rig)).toEqual([]);
  });

  it('with a low threshold every command is measured by itself', () => {
    const rig = rigWith({ 'slowlog-log-slower-than': 20 });
    run(rig, ['TAKE', '10'], ['TAKE', '30'], ['TAKE', '19'], ['TAKE', '20']);
    expect(entries(rig)).toEqual([
      [30, 'TAKE 30'],
      [20, 'TAKE 20'],
    ]);
    rig.config['slowlog-log-slower-than'] = 10_000;
    rig.watch.readSettings(rig.server.config);
    expect(rig.watch.alone[idOf(rig, 'take')]).toBe(0);
    expect(rig.watch.alone[idOf(rig, 'slow')]).toBe(LOOK_TIME);
  });

  it('spikes go to the latency monitor, O(1) commands and others apart', () => {
    const rig = rigWith({ 'latency-monitor-threshold': 5, 'slowlog-log-slower-than': -1 });
    run(rig, ['TAKE', '4900'], ['SLOW', '4900'], ['TAKE', '6000'], ['SLOW', '7000'], ['SLOW', '1']);
    const { series } = rig.server.latency;
    expect([...series].map(([event, { maxMs }]) => [event, maxMs])).toEqual([
      ['fast-command', 6],
      ['command', 7],
    ]);
    expect(entries(rig)).toEqual([]);
  });

  it('who holds the executor for a second is named in the log', () => {
    const rig = rigWith({ 'slowlog-log-slower-than': -1 });
    run(rig, ['SLOW', '999000'], ['SLOW', '1200000', 'x'.repeat(300)]);
    expect(rig.logged.length).toBe(1);
    expect(rig.logged[0]).toMatch(
      /^Command 'slow' of 3 arguments and 335 bytes held the executor for 1200 ms: "SLOW 1200000 x{128}\.\.\. \(172 more bytes\)" from 127\.0\.0\.1:1000$/,
    );
  });

  it('main sees what runs, and that nothing does', () => {
    const rig = rigWith();
    const seen: number[] = [];
    const advance = rig.clock.advance.bind(rig.clock);
    rig.clock.advance = (ms) => {
      seen.push(rig.control[EXECUTOR_COMMAND] - 1);
      advance(ms);
    };
    run(rig, ['SLOW', '1'], ['TAKE', '1']);
    expect(seen).toEqual([idOf(rig, 'slow'), idOf(rig, 'take')]);
    expect(rig.control[EXECUTOR_COMMAND]).toBe(0);
  });

  it('expiry is timed', () => {
    const rig = rigWith({ 'latency-monitor-threshold': 5 });
    const { keyspace } = rig.server;
    const [db] = keyspace.databases;
    Object.defineProperty(db, 'nextExpireMs', { value: 0 });
    db.expireDue = () => {
      rig.clock.advance(8);
      return 1;
    };
    rig.executor.runOnce();
    expect(rig.server.latency.series.get('expire-cycle')!.maxMs).toBe(8);
    expect(rig.server.stats.expireUs).toBe(8000);
  });
});

describe('size', () => {
  it('of requests that come outside the ring, and of replies that overflow', () => {
    const rig = rigWith();
    const large = 'x'.repeat((1 << 20) + 10);
    run(rig, ['ECHO', 'small'], ['ECHO', large], ['ECHO', 'small'], ['FILL', String(1 << 20)], ['SILENT']);
    expect(entries(rig, LARGE_REQUEST).map(([bytes, text]) => [bytes, text.slice(0, 6)])).toEqual([
      [4 + 10 + 10 + large.length + 2, 'ECHO x'],
    ]);
    expect(entries(rig, LARGE_REPLY)).toEqual([
      [10 + large.length + 2, expect.stringMatching(/^ECHO x/)],
      [10 + (1 << 20) + 2, 'FILL 1048576'],
    ]);
  });

  it('of all, with low thresholds', () => {
    const rig = rigWith({ 'commandlog-request-larger-than': 23, 'commandlog-reply-larger-than': 8 });
    run(rig, ['ECHO', '1'], ['ECHO', '12'], ['ECHO', '123']);
    expect(entries(rig, LARGE_REQUEST)).toEqual([[23, 'ECHO 123']]);
    expect(entries(rig, LARGE_REPLY)).toEqual([
      [8, 'ECHO 12'],
      [9, 'ECHO 123'],
    ]);
  });
});
