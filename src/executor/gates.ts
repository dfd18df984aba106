/**
 * What stands between a request and its handler, in Redis's order. The common case passes by two comparisons in
 * Dispatcher.dispatch; what is here runs when a session or the server has something set that may forbid a command.
 */
import type { Call } from '../commands/call.ts';
import {
  type Command,
  DENYOOM,
  type KeySpec,
  LOADING,
  NO_AUTH,
  NO_MULTI,
  PROTECTED,
  WRITE,
} from '../commands/define.ts';
import { protectedRefusal } from '../commands/protected.ts';
import { GATE_AUTH, GATE_MULTI, GATE_PUBSUB } from '../commands/session.ts';
import { KEY_SIZE_MAX } from '../keyspace/limits.ts';
import * as errors from '../resp/errors.ts';

/** Server-wide reasons to look closer; a bit set in Dispatcher.gate. */
export const GATE_MAXMEMORY = 1;
/** The call at hand has an argument that is too long for a key. */
export const GATE_LONG_ARGUMENT = 2;

/** Data is being loaded: few commands may run. */
export const GATE_LOADING = 4;
/** What is written could not be saved: write commands are refused. */
export const GATE_MISCONF = 8;
/** The append only file cannot be written: write commands are refused. */
export const GATE_AOF_MISCONF = 16;

/** CLIENT PAUSE: commands are held back. */
export const GATE_PAUSED = 256;

/** What clients hold is limited: maxmemory-clients. */
export const GATE_CLIENT_MEMORY = 512;

/** The gate with a bit set or not. */
export function withBit(gate: number, bit: number, isSet: boolean): number {
  return isSet ? gate | bit : gate & ~bit;
}

/** True when the number of arguments does not fit the declaration. */
export function wrongArity(command: Command, argc: number): boolean {
  return command.arity >= 0 ? argc !== command.arity : argc < -command.arity;
}

/** Why `call` may not run now, as an error text, or null. */
export function refusal(call: Call, command: Command, serverGate: number): string | null {
  if ((command.flags & PROTECTED) !== 0) {
    const text = protectedRefusal(call);
    if (text !== null) return text;
  }
  if ((call.session.gate & GATE_AUTH) !== 0 && (command.flags & NO_AUTH) === 0) return errors.NOAUTH;
  if ((call.session.gate & GATE_MULTI) !== 0 && (command.flags & NO_MULTI) !== 0) return errors.NOT_IN_MULTI;
  if ((serverGate & GATE_MAXMEMORY) !== 0 && (serverGate & GATE_LOADING) === 0) {
    // Room is made before every command, whether it takes memory or not.
    const hasRoom = call.server.keyspace.eviction.makeRoom();
    if (!hasRoom && needsMemory(call, command)) return errors.OOM;
  }
  if ((serverGate & GATE_MISCONF) !== 0 && ((command.flags & WRITE) !== 0 || command.name === 'PING')) {
    return errors.RDB_MISCONF;
  }
  if (
    (serverGate & GATE_AOF_MISCONF) !== 0 &&
    ((command.flags & WRITE) !== 0 || command.name === 'PING' || execWrites(call, command))
  ) {
    return errors.aofMisconf(call.server.persistence.aofFailure);
  }
  if (
    (call.session.gate & GATE_PUBSUB) !== 0 &&
    call.session.resp === 2 &&
    !WHILE_SUBSCRIBED.has(command.fullName)
  ) {
    return errors.notWhileSubscribed(command.fullName);
  }
  if ((serverGate & GATE_LOADING) !== 0 && (command.flags & LOADING) === 0) return errors.LOADING;
  if ((serverGate & GATE_LONG_ARGUMENT) !== 0 && (command.flags & WRITE) !== 0) {
    if (command.keys?.some((spec) => namesLongKey(call, spec))) return errors.KEY_TOO_LONG;
  }
  return null;
}

/** What a RESP2 client may do that is subscribed to something. */
const WHILE_SUBSCRIBED = new Set([
  'subscribe',
  'psubscribe',
  'ssubscribe',
  'unsubscribe',
  'punsubscribe',
  'sunsubscribe',
  'ping',
  'quit',
  'reset',
]);

/** EXEC counts as all of what is queued. */
function execWrites({ session }: Call, command: Command): boolean {
  return command.name === 'EXEC' && session.queue !== null && (session.queue.flags & WRITE) !== 0;
}

/** Commands that a transaction may always run, however much memory it takes. EXEC counts as all of what is queued. */
const LEAVE_MULTI = new Set(['EXEC', 'DISCARD', 'QUIT', 'RESET']);

/** Whether the command is one that maxmemory forbids: inside a transaction everything is, because the queue takes memory. */
function needsMemory({ session }: Call, command: Command): boolean {
  if ((command.flags & DENYOOM) !== 0) return true;
  if (session.queue === null) return false;
  return !LEAVE_MULTI.has(command.name) || (command.name === 'EXEC' && (session.queue.flags & DENYOOM) !== 0);
}

/** True when the call has an argument that no record could have as its key. */
export function hasLongArgument(call: Call): boolean {
  for (let i = 1; i < call.argc; i++) if (call.size(i) > KEY_SIZE_MAX) return true;
  return false;
}

/**
 * Whether one of the keys that the spec finds, and that may come into being, is too long. Behind a count of keys
 * everything to the end passes for keys.
 */
function namesLongKey(call: Call, { begin, find, flags }: KeySpec): boolean {
  if (!('index' in begin) || 'unknown' in find || flags.includes('RM')) return false;
  const from = 'keynum' in find ? begin.index + find.first : begin.index;
  const last = 'last' in find && find.last >= 0 ? from + find.last : call.argc - 1;
  for (let i = from; i <= last && i < call.argc; i += find.step) {
    if (call.size(i) > KEY_SIZE_MAX) return true;
  }
  return false;
}
