/** COMMAND and COMMAND INFO: what the server says of a command to client libraries, one array of ten per command. */
import type { ReplyWriter } from '../../resp/reply-writer.ts';
import type { Call } from '../call.ts';
import { categoriesOf } from '../categories.ts';
import { type Command, FLAG_NAMES, type KeySpec, MOVABLE_KEYS } from '../define.ts';
import { legacyRange } from '../keys.ts';

/** COMMAND and COMMAND INFO without names: every command. */
export function replyAllInfo(call: Call): void {
  const commands = [...call.server.table.topLevel()];
  call.reply.array(commands.length);
  for (const command of commands) writeInfo(call.reply, command);
}

/** COMMAND INFO [name ...]: null for a name that is no command. */
export function info(call: Call): void {
  if (call.argc === 2) {
    replyAllInfo(call);
    return;
  }
  call.reply.array(call.argc - 2);
  for (let i = 2; i < call.argc; i++) {
    const command = call.server.table.find(call.lowerText(i));
    if (command) writeInfo(call.reply, command);
    else call.reply.nullArray();
  }
}

function writeInfo(reply: ReplyWriter, command: Command): void {
  const keys = command.keys ?? [];
  const tips = command.tips ?? [];
  const range = legacyRange(keys);
  reply.array(10);
  reply.bulkText(command.fullName);
  reply.integer(command.arity);
  writeWords(reply, flagNames(command.flags | (range.movable ? MOVABLE_KEYS : 0)));
  reply.integer(range.first);
  reply.integer(range.last);
  reply.integer(range.step);
  writeWords(
    reply,
    categoriesOf(command).map((category) => `@${category}`),
  );
  reply.set(tips.length);
  for (const tip of tips) reply.bulkText(tip);
  reply.set(keys.length);
  for (const spec of keys) writeKeySpec(reply, spec);
  writeChildren(reply, [...(command.children?.values() ?? [])]);
}

/** An array, but a set where there are none: so it is in Redis, and clients tell the two apart. */
function writeChildren(reply: ReplyWriter, children: readonly Command[]): void {
  if (children.length === 0) reply.set(0);
  else reply.array(children.length);
  for (const child of children) writeInfo(reply, child);
}

function flagNames(flags: number): string[] {
  return FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
}

/** A set of simple strings. */
export function writeWords(reply: ReplyWriter, words: readonly string[]): void {
  reply.set(words.length);
  for (const word of words) reply.simple(word);
}

function writeKeySpec(reply: ReplyWriter, { notes, flags, begin, find }: KeySpec): void {
  reply.map(notes === undefined ? 3 : 4);
  if (notes !== undefined) {
    reply.bulkText('notes');
    reply.bulkText(notes);
  }
  reply.bulkText('flags');
  writeWords(reply, flags);
  reply.bulkText('begin_search');
  writeBegin(reply, begin);
  reply.bulkText('find_keys');
  writeFind(reply, find);
}

function writeBegin(reply: ReplyWriter, begin: KeySpec['begin']): void {
  if ('index' in begin) {
    writeTyped(reply, 'index', 1);
    writeNumber(reply, 'index', begin.index);
  } else if ('keyword' in begin) {
    writeTyped(reply, 'keyword', 2);
    reply.bulkText('keyword');
    reply.bulkText(begin.keyword);
    writeNumber(reply, 'startfrom', begin.from);
  } else {
    writeTyped(reply, 'unknown', 0);
  }
}

function writeFind(reply: ReplyWriter, find: KeySpec['find']): void {
  if ('last' in find) {
    writeTyped(reply, 'range', 3);
    writeNumber(reply, 'lastkey', find.last);
    writeNumber(reply, 'keystep', find.step);
    writeNumber(reply, 'limit', find.limit);
  } else if ('keynum' in find) {
    writeTyped(reply, 'keynum', 3);
    writeNumber(reply, 'keynumidx', find.keynum);
    writeNumber(reply, 'firstkey', find.first);
    writeNumber(reply, 'keystep', find.step);
  } else {
    writeTyped(reply, 'unknown', 0);
  }
}

/** `{type: ..., spec: {` with so many fields to follow. */
function writeTyped(reply: ReplyWriter, type: string, fields: number): void {
  reply.map(2);
  reply.bulkText('type');
  reply.bulkText(type);
  reply.bulkText('spec');
  reply.map(fields);
}

function writeNumber(reply: ReplyWriter, name: string, value: number): void {
  reply.bulkText(name);
  reply.integer(value);
}
