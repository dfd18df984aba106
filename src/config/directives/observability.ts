/** Slow log, latency, events and scripts' time limit. */

import { type Directive, WORKS } from '../directive.ts';
import { eventClasses, percentiles } from '../special-types.ts';
import { integer, LONG_MAX, unsigned, yesNo } from '../value-types.ts';
import { NO_LATENCY, NO_SCRIPTS } from './reasons.ts';

export const OBSERVABILITY: readonly Directive[] = [
  { name: 'slowlog-log-slower-than', type: integer(-1, LONG_MAX), initial: 10000n, effect: WORKS },
  { name: 'slowlog-max-len', type: unsigned(0, LONG_MAX), initial: 128n, effect: WORKS },
  { name: 'latency-monitor-threshold', type: integer(0, LONG_MAX), initial: 0n, effect: NO_LATENCY },
  { name: 'latency-tracking', type: yesNo, initial: true, effect: NO_LATENCY },
  {
    name: 'latency-tracking-info-percentiles',
    type: percentiles,
    initial: '50 99 99.9',
    effect: NO_LATENCY,
  },
  { name: 'notify-keyspace-events', type: eventClasses, initial: '', effect: WORKS },
  {
    name: 'busy-reply-threshold',
    alias: 'lua-time-limit',
    type: integer(0, LONG_MAX),
    initial: 5000n,
    effect: NO_SCRIPTS,
  },
  {
    name: 'lua-enable-deprecated-api',
    type: yesNo,
    initial: false,
    startOnly: true,
    hidden: true,
    effect: NO_SCRIPTS,
  },
];
