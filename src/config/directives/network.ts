/*
 * Where the server listens, and what a connection may do.
 *
 * bind and port are applied by the threads that own the sockets, so a CONFIG SET of them is asynchronous. io-threads is the number
 * of threads that read, parse and write; its default depends on the machine, which is the one default here that differs from
 * Redis's (where threads are an option, and 1 means none). executor-thread is ours: whether commands run on a thread of their own or on
 * the first io thread.
 */

import { accepted, type Directive, type Surroundings, WORKS } from '../directive.ts';
import { bindAddresses, bufferLimits } from '../special-types.ts';
import {
  INT_MAX,
  integer,
  LONG_MAX,
  memory,
  memoryOrPercent,
  octal,
  oneOf,
  optionalText,
  UINT_MAX,
  unsigned,
  unsignedMemory,
  yesNo,
} from '../value-types.ts';
import { NO_PLATFORM } from './reasons.ts';

const IO_THREADS_USUAL_MAX = 8;
const MIB = 1024n * 1024n;

/** One core is left to the executor. */
function usualIoThreads(surroundings: Surroundings): bigint {
  return BigInt(Math.max(1, Math.min(IO_THREADS_USUAL_MAX, surroundings.cores - 1)));
}

const portNumber = integer(0, 65535);
const seconds = integer(0, INT_MAX);
const limitsUsual = 'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60';

export const NETWORK: readonly Directive[] = [
  { name: 'bind', type: bindAddresses, initial: '* -::*', async: true, effect: WORKS },
  {
    name: 'bind-source-addr',
    type: optionalText,
    initial: '',
    effect: accepted('no outgoing connections are made'),
  },
  { name: 'protected-mode', type: yesNo, initial: true, effect: WORKS },
  { name: 'port', type: portNumber, initial: 6379n, async: true, effect: WORKS },
  { name: 'tcp-backlog', type: integer(0, INT_MAX), initial: 511n, startOnly: true, effect: WORKS },
  { name: 'unixsocket', type: optionalText, initial: '', startOnly: true, effect: WORKS },
  { name: 'unixsocketperm', type: octal(0, 0o777), initial: 0n, startOnly: true, effect: WORKS },
  { name: 'timeout', type: seconds, initial: 0n, effect: WORKS },
  { name: 'tcp-keepalive', type: seconds, initial: 300n, effect: WORKS },
  { name: 'socket-mark-id', type: unsigned(0, UINT_MAX), initial: 0n, startOnly: true, effect: NO_PLATFORM },
  { name: 'maxclients', type: unsigned(1, UINT_MAX), initial: 10000n, effect: WORKS },
  {
    name: 'io-threads',
    type: integer(1, 128),
    initial: usualIoThreads,
    startOnly: true,
    debug: true,
    effect: WORKS,
  },
  {
    name: 'executor-thread',
    type: oneOf('auto', 'own', 'shared'),
    initial: 'auto',
    startOnly: true,
    hidden: '7.0',
    effect: WORKS,
  },
  {
    name: 'io-threads-do-reads',
    type: yesNo,
    initial: false,
    startOnly: true,
    debug: true,
    effect: accepted('io threads always read and parse'),
  },
  {
    name: 'proto-max-bulk-len',
    type: memory(MIB, LONG_MAX),
    initial: 512n * MIB,
    debug: true,
    effect: WORKS,
  },
  {
    name: 'client-query-buffer-limit',
    type: unsignedMemory(MIB, LONG_MAX),
    initial: 1024n * MIB,
    debug: true,
    effect: WORKS,
  },
  { name: 'client-output-buffer-limit', type: bufferLimits, initial: limitsUsual, effect: WORKS },
  {
    name: 'maxmemory-clients',
    type: memoryOrPercent(100, LONG_MAX),
    initial: 0n,
    effect: WORKS,
  },
];
