/** COMMAND GETKEYS and GETKEYSANDFLAGS: which arguments of a whole command, given as arguments, are keys. */
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { type Command, type KeyReference, NO_MANDATORY_KEYS } from '../define.ts';
import { type Arguments, findKeys, hasKeys } from '../keys.ts';
import { writeWords } from './info.ts';

/** The arguments of `call` from `from` on, as a call of their own. */
class Tail implements Arguments {
  readonly argc: number;
  readonly bytes: Uint8Array;
  private readonly call: Call;
  private readonly from: number;

  constructor(call: Call, from: number) {
    this.call = call;
    this.from = from;
    this.argc = call.argc - from;
    this.bytes = call.bytes;
  }

  start(index: number): number {
    return this.call.start(this.from + index);
  }

  end(index: number): number {
    return this.call.end(this.from + index);
  }

  text(index: number): string {
    return this.call.text(this.from + index);
  }
}

export function getKeys(call: Call): void {
  const args = new Tail(call, 2);
  const keys = keysOrError(call, args);
  if (keys === null) return;
  call.reply.array(keys.length);
  for (const { index } of keys) call.reply.bulk(args.bytes, args.start(index), args.end(index));
}

export function getKeysAndFlags(call: Call): void {
  const args = new Tail(call, 2);
  const keys = keysOrError(call, args);
  if (keys === null) return;
  call.reply.array(keys.length);
  for (const { index, flags } of keys) {
    call.reply.array(2);
    call.reply.bulk(args.bytes, args.start(index), args.end(index));
    writeWords(call.reply, flags);
  }
}

/** The keys, or null after an error reply. */
function keysOrError(call: Call, args: Arguments): KeyReference[] | null {
  const command = commandOf(call, args);
  const error = command === null ? errors.INVALID_COMMAND : callError(command, args.argc);
  if (error !== null) {
    call.reply.error(error);
    return null;
  }
  const keys = findKeys(command!, args);
  if (keys?.length) return keys;
  if ((command!.flags & NO_MANDATORY_KEYS) !== 0) return [];
  call.reply.error(errors.INVALID_ARGUMENTS);
  return null;
}

/** The command that arguments name, a subcommand where there is one. */
function commandOf(call: Call, args: Arguments): Command | null {
  const command = call.server.table.find(args.text(0).toLowerCase());
  if (!command) return null;
  if (command.children === null || args.argc === 1) return command;
  return command.children.get(args.text(1).toLowerCase()) ?? null;
}

function callError(command: Command, argc: number): string | null {
  if (!hasKeys(command)) return errors.NO_KEY_ARGUMENTS;
  const fits = command.arity > 0 ? argc === command.arity : argc >= -command.arity;
  return fits ? null : errors.INVALID_ARGUMENT_COUNT;
}
