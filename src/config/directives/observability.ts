/**
 * Logs of remarkable commands, latency, events and scripts' time limit. Those of COMMANDLOG are Valkey's; its names for the ones that Redis has, too,
 * are aliases.
 */

import { type Directive, WORKS } from '../directive.ts';
import { eventClasses, percentiles } from '../special-types.ts';
import { integer, LONG_MAX, unsigned, yesNo } from '../value-types.ts';
import { NO_SCRIPTS } from './reasons.ts';

const entries = unsigned(0, LONG_MAX);

export const OBSERVABILITY: readonly Directive[] = [
  {
    name: 'slowlog-log-slower-than',
    alias: 'commandlog-execution-slower-than',
    hiddenAlias: true,
    type: integer(-1, LONG_MAX),
    initial: 10000n,
    effect: WORKS,
  },
  {
    name: 'slowlog-max-len',
    alias: 'commandlog-slow-execution-max-len',
    hiddenAlias: true,
    type: entries,
    initial: 128n,
    effect: WORKS,
  },
  {
    name: 'commandlog-request-larger-than',
    type: integer(-1, LONG_MAX),
    initial: 1048576n,
    hidden: '7.0',
    effect: WORKS,
  },
  {
    name: 'commandlog-large-request-max-len',
    type: entries,
    initial: 128n,
    hidden: '7.0',
    effect: WORKS,
  },
  {
    name: 'commandlog-reply-larger-than',
    type: integer(-1, LONG_MAX),
    initial: 1048576n,
    hidden: '7.0',
    effect: WORKS,
  },
  { name: 'commandlog-large-reply-max-len', type: entries, initial: 128n, hidden: '7.0', effect: WORKS },
  { name: 'latency-monitor-threshold', type: integer(0, LONG_MAX), initial: 0n, effect: WORKS },
  { name: 'latency-tracking', type: yesNo, initial: true, effect: WORKS },
  {
    name: 'latency-tracking-info-percentiles',
    type: percentiles,
    initial: '50 99 99.9',
    effect: WORKS,
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
