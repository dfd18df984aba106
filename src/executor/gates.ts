/**
 * What stands between a request and its handler, in Redis's order. The common case passes by two comparisons in
 * Executor.dispatch; what is here runs when a session or the server has something set that may forbid a command.
 */
import type { Call } from '../commands/call.ts';
import { type Command, DENYOOM, NO_AUTH, PROTECTED } from '../commands/define.ts';
import { GATE_AUTH, isLocal } from '../commands/session.ts';
import * as errors from '../resp/errors.ts';

/** Server-wide reasons to look closer; a bit set in Executor.gate. */
export const GATE_MAXMEMORY = 1;

/** True when the number of arguments does not fit the declaration. */
export function wrongArity(command: Command, argc: number): boolean {
  return command.arity >= 0 ? argc !== command.arity : argc < -command.arity;
}

/** Why `call` may not run now, as an error text, or null. */
export function refusal(call: Call, command: Command, serverGate: number, usedBytes: number): string | null {
  if ((command.flags & PROTECTED) !== 0) {
    const text = protectedRefusal(call, command);
    if (text !== null) return text;
  }
  if ((call.session.gate & GATE_AUTH) !== 0 && (command.flags & NO_AUTH) === 0) return errors.NOAUTH;
  if ((serverGate & GATE_MAXMEMORY) !== 0 && (command.flags & DENYOOM) !== 0) {
    if (usedBytes > call.server.config.number('maxmemory')) return errors.OOM;
  }
  return null;
}

/** DEBUG and MODULE work only where the configuration lets them. */
function protectedRefusal(call: Call, command: Command): string | null {
  const name = command.fullName.split('|')[0];
  const allowed = call.server.config.string(
    name === 'debug' ? 'enable-debug-command' : 'enable-module-command',
  );
  if (allowed === 'yes' || (allowed === 'local' && isLocal(call.session))) return null;
  return errors.protectedCommand(name);
}
