/** Commands that only some clients may use, by a directive of their own: DEBUG and MODULE. */
import * as errors from '../resp/errors.ts';
import type { Call } from './call.ts';
import { isLocal } from './session.ts';

/** Why the call may not run, as an error text, or null. The command is one with the flag PROTECTED. */
export function protectedRefusal(call: Call): string | null {
  const name = call.command.fullName.split('|')[0];
  const allowed = call.server.config.string(
    name === 'debug' ? 'enable-debug-command' : 'enable-module-command',
  );
  if (allowed === 'yes' || (allowed === 'local' && isLocal(call.session))) return null;
  return errors.protectedCommand(name);
}
