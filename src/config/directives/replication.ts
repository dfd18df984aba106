/** Replicas and their master. Every master-side and replica-side word has its older 'slave' spelling. */

import type { Directive, Value } from '../directive.ts';
import { masterAddress } from '../special-types.ts';
import { INT_MAX, integer, LONG_MAX, memory, oneOf, optionalText, yesNo } from '../value-types.ts';
import { NO_REPLICATION } from './reasons.ts';

const BACKLOG_BYTES_MIN = 16384n;

const someInt = integer(0, INT_MAX);
const positive = integer(1, INT_MAX);
const portNumber = integer(0, 65535);

function clampBacklog(value: Value): Value {
  return (value as bigint) < BACKLOG_BYTES_MIN ? BACKLOG_BYTES_MIN : value;
}

type Rest = Omit<Directive, 'effect'>;

const ROWS: readonly Rest[] = [
  { name: 'replicaof', alias: 'slaveof', type: masterAddress, initial: '', startOnly: true },
  { name: 'masterauth', type: optionalText, initial: '', sensitive: true },
  { name: 'masteruser', type: optionalText, initial: '', sensitive: true },
  { name: 'replica-serve-stale-data', alias: 'slave-serve-stale-data', type: yesNo, initial: true },
  { name: 'replica-read-only', alias: 'slave-read-only', type: yesNo, initial: true, debug: true },
  { name: 'replica-ignore-maxmemory', alias: 'slave-ignore-maxmemory', type: yesNo, initial: true },
  { name: 'replica-ignore-disk-write-errors', type: yesNo, initial: false },
  { name: 'replica-lazy-flush', alias: 'slave-lazy-flush', type: yesNo, initial: false },
  { name: 'replica-priority', alias: 'slave-priority', type: someInt, initial: 100n },
  { name: 'replica-announced', type: yesNo, initial: true },
  { name: 'replica-announce-ip', alias: 'slave-announce-ip', type: optionalText, initial: '' },
  { name: 'replica-announce-port', alias: 'slave-announce-port', type: portNumber, initial: 0n },
  { name: 'repl-disable-tcp-nodelay', type: yesNo, initial: false },
  { name: 'repl-diskless-sync', type: yesNo, initial: true, debug: true },
  { name: 'repl-diskless-sync-delay', type: someInt, initial: 5n },
  { name: 'repl-diskless-sync-max-replicas', type: someInt, initial: 0n },
  {
    name: 'repl-diskless-load',
    type: oneOf('disabled', 'on-empty-db', 'swapdb'),
    initial: 'disabled',
    denyLoading: true,
    debug: true,
  },
  { name: 'repl-timeout', type: positive, initial: 60n },
  { name: 'repl-ping-replica-period', alias: 'repl-ping-slave-period', type: positive, initial: 10n },
  { name: 'repl-backlog-size', type: memory(1, LONG_MAX), initial: 1048576n, clampLive: clampBacklog },
  { name: 'repl-backlog-ttl', type: integer(0, LONG_MAX), initial: 3600n },
  { name: 'min-replicas-to-write', alias: 'min-slaves-to-write', type: someInt, initial: 0n },
  { name: 'min-replicas-max-lag', alias: 'min-slaves-max-lag', type: someInt, initial: 10n },
  {
    name: 'propagation-error-behavior',
    type: oneOf('ignore', 'panic', 'panic-on-replicas'),
    initial: 'ignore',
  },
];

export const REPLICATION: readonly Directive[] = ROWS.map((row) => ({ ...row, effect: NO_REPLICATION }));
