/** COMMAND COUNT and COMMAND LIST: how many, and their names. */
import { globMatchString } from '../../base/glob.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { categoriesOf } from '../categories.ts';
import type { Command } from '../define.ts';

type Filter = (command: Command) => boolean;

export function count(call: Call): void {
  call.reply.integer([...call.server.table.topLevel()].length);
}

/** COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern]: subcommands too, as container|subcommand. */
export function list(call: Call): void {
  const filter = filterOf(call);
  if (filter === null) {
    call.reply.error(errors.SYNTAX);
    return;
  }
  const names: string[] = [];
  for (const command of call.server.table.topLevel()) collect(command, filter, names);
  // Everything is a set, a choice of it an array: so it is in Redis.
  if (call.argc === 2) call.reply.set(names.length);
  else call.reply.array(names.length);
  for (const name of names) call.reply.bulkText(name);
}

function collect(command: Command, filter: Filter, names: string[]): void {
  if (filter(command)) names.push(command.fullName);
  for (const child of command.children?.values() ?? []) collect(child, filter, names);
}

/** Which commands are asked for; null when that cannot be understood. */
function filterOf(call: Call): Filter | null {
  if (call.argc === 2) return () => true;
  if (call.argc !== 5 || !call.is(2, 'FILTERBY')) return null;
  // There are no modules.
  if (call.is(3, 'MODULE')) return () => false;
  if (call.is(3, 'ACLCAT')) {
    const category = call.lowerText(4);
    return (command) => categoriesOf(command).includes(category);
  }
  if (!call.is(3, 'PATTERN')) return null;
  const pattern = call.text(4);
  return ({ fullName }) => globMatchString(pattern, fullName, true);
}
