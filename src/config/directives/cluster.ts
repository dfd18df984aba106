/** Cluster mode. */

import type { Directive, Value } from '../directive.ts';
import {
  INT_MAX,
  integer,
  LONG_MAX,
  oneOf,
  optionalText,
  text,
  ULONG_MAX,
  unsignedMemory,
  yesNo,
} from '../value-types.ts';
import { NO_CLUSTER } from './reasons.ts';

const NAME_LENGTH_MAX = 255;

const portNumber = integer(0, 65535);
const someInt = integer(0, INT_MAX);

/** A check for announced names: short, and of characters that need no quoting in CLUSTER NODES. */
function announcedName(allowed: RegExp, notAllowed: string) {
  return (value: Value): string | null => {
    const name = value as string;
    if (name.length > NAME_LENGTH_MAX) return `Hostnames must be less than ${NAME_LENGTH_MAX + 1} characters`;
    return allowed.test(name) ? null : notAllowed;
  };
}

const checkHost = announcedName(
  /^[A-Za-z0-9.-]*$/,
  'Hostnames may only contain alphanumeric characters, hyphens or dots',
);
const checkNodeName = announcedName(
  /^[A-Za-z0-9._-]*$/,
  'Announced human node name contained invalid character',
);

type Rest = Omit<Directive, 'effect'>;

const ROWS: readonly Rest[] = [
  { name: 'cluster-enabled', type: yesNo, initial: false, startOnly: true },
  { name: 'cluster-config-file', type: text, initial: 'nodes.conf', startOnly: true },
  { name: 'cluster-node-timeout', type: integer(0, LONG_MAX), initial: 15000n },
  { name: 'cluster-port', type: portNumber, initial: 0n, startOnly: true },
  {
    name: 'cluster-replica-validity-factor',
    alias: 'cluster-slave-validity-factor',
    type: someInt,
    initial: 10n,
  },
  { name: 'cluster-migration-barrier', type: someInt, initial: 1n },
  { name: 'cluster-allow-replica-migration', type: yesNo, initial: true },
  { name: 'cluster-require-full-coverage', type: yesNo, initial: true },
  { name: 'cluster-replica-no-failover', alias: 'cluster-slave-no-failover', type: yesNo, initial: false },
  { name: 'cluster-allow-reads-when-down', type: yesNo, initial: false },
  { name: 'cluster-allow-pubsubshard-when-down', type: yesNo, initial: true },
  { name: 'cluster-link-sendbuf-limit', type: unsignedMemory(0, ULONG_MAX), initial: 0n },
  { name: 'cluster-announce-ip', type: optionalText, initial: '' },
  { name: 'cluster-announce-hostname', type: optionalText, initial: '', check: checkHost },
  {
    name: 'cluster-announce-human-nodename',
    type: optionalText,
    initial: '',
    since: '7.2',
    check: checkNodeName,
  },
  { name: 'cluster-announce-port', type: portNumber, initial: 0n },
  { name: 'cluster-announce-tls-port', type: portNumber, initial: 0n },
  { name: 'cluster-announce-bus-port', type: portNumber, initial: 0n },
  {
    name: 'cluster-preferred-endpoint-type',
    type: oneOf('ip', 'hostname', 'unknown-endpoint'),
    initial: 'ip',
  },
];

export const CLUSTER: readonly Directive[] = ROWS.map((row) => ({ ...row, effect: NO_CLUSTER }));
