import type { Clock } from '../../base/clock.ts';
import type { Call } from '../call.ts';
import { defineCommand, FAST, LOADING, NOSCRIPT, STALE } from '../define.ts';

export const TIME = defineCommand({
  name: 'TIME',
  summary: "Returns the server's clock: seconds since 1970 and microseconds.",
  group: 'server',
  since: '2.6.0',
  complexity: 'O(1)',
  arity: 1, // TIME
  flags: LOADING | STALE | FAST,
  tips: ['nondeterministic_output'],
  handler: time,
});

export const ROLE = defineCommand({
  name: 'ROLE',
  summary: 'Returns what the server is in its replication: a master without replicas.',
  group: 'server',
  since: '2.8.12',
  complexity: 'O(1)',
  arity: 1, // ROLE
  flags: NOSCRIPT | LOADING | STALE | FAST,
  categories: ['admin', 'dangerous'],
  handler: role,
});

/** The millisecond that was read last and when it began: the wall clock has no finer digits, the monotonic one has. */
const tick = { ms: 0, us: 0 };

/** Microseconds since 1970. */
export function wallMicroseconds(clock: Clock): number {
  const ms = clock.nowMs();
  const us = clock.monotonicUs();
  if (ms !== tick.ms) {
    tick.ms = ms;
    tick.us = us;
  }
  return ms * 1000 + Math.min(999, Math.floor(us - tick.us));
}

function time(call: Call): void {
  const us = wallMicroseconds(call.server.clock);
  call.reply.array(2);
  call.reply.bulkInteger(Math.floor(us / 1_000_000));
  call.reply.bulkInteger(us % 1_000_000);
}

function role(call: Call): void {
  call.reply.array(3);
  call.reply.bulkText('master');
  call.reply.integer(0);
  call.reply.array(0);
}
