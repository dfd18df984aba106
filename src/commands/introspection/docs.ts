/** COMMAND DOCS: the documentation of commands, as a map by name. */
import type { ReplyWriter } from '../../resp/reply-writer.ts';
import type { Call } from '../call.ts';
import type { Argument, Command } from '../define.ts';
import { writeWords } from './info.ts';

/** A field of a reply map; absent ones are null. */
type Field = readonly [name: string, write: () => void] | null;

/** COMMAND DOCS [name ...]: names that are no commands are left out. */
export function docs(call: Call): void {
  const { reply, server } = call;
  const commands: Command[] = [];
  if (call.argc === 2) commands.push(...server.table.topLevel());
  for (let i = 2; i < call.argc; i++) {
    const command = server.table.find(call.lowerText(i));
    if (command) commands.push(command);
  }
  writeDocsOf(new DocsWriter(reply, server.is72), commands);
}

function writeDocsOf(writer: DocsWriter, commands: readonly Command[]): void {
  writer.reply.map(commands.length);
  for (const command of commands) {
    writer.reply.bulkText(command.fullName);
    writer.command(command);
  }
}

class DocsWriter {
  readonly reply: ReplyWriter;
  /** Redis 7.2 tells how an argument is displayed; 7.0 does not. */
  private readonly display: boolean;

  constructor(reply: ReplyWriter, display: boolean) {
    this.reply = reply;
    this.display = display;
  }

  command(command: Command): void {
    const { summary, since, group, complexity, history, args, children, deprecated } = command;
    this.fields([
      this.text('summary', summary),
      this.text('since', since),
      this.text('group', group),
      this.text('complexity', complexity || undefined),
      this.words('doc_flags', docFlags(command)),
      this.text('deprecated_since', deprecated?.since),
      this.text('replaced_by', deprecated?.replacedBy),
      history?.length ? ['history', () => this.history(history)] : null,
      args?.length ? ['arguments', () => this.args(args)] : null,
      children?.size ? ['subcommands', () => writeDocsOf(this, [...children.values()])] : null,
    ]);
  }

  private history(history: ReadonlyArray<readonly [string, string]>): void {
    this.reply.set(history.length);
    for (const [version, change] of history) {
      this.reply.array(2);
      this.reply.bulkText(version);
      this.reply.bulkText(change);
    }
  }

  private args(args: readonly Argument[]): void {
    this.reply.array(args.length);
    for (const argument of args) this.argument(argument);
  }

  private argument(argument: Argument): void {
    const { name, type, keySpec, token, since, deprecatedSince, args } = argument;
    const shown = this.display && args === undefined ? (argument.display ?? name) : undefined;
    this.fields([
      this.text('name', name),
      this.text('type', type),
      this.text('display_text', shown),
      keySpec === undefined ? null : ['key_spec_index', () => this.reply.integer(keySpec)],
      this.text('token', token),
      this.text('since', since),
      this.text('deprecated_since', deprecatedSince),
      this.words('flags', argumentFlags(argument)),
      args ? ['arguments', () => this.args(args)] : null,
    ]);
  }

  private text(name: string, text: string | undefined): Field {
    return text === undefined ? null : [name, () => this.reply.bulkText(text)];
  }

  private words(name: string, words: readonly string[]): Field {
    return words.length === 0 ? null : [name, () => writeWords(this.reply, words)];
  }

  private fields(fields: readonly Field[]): void {
    const present = fields.filter((field) => field !== null);
    this.reply.map(present.length);
    for (const [name, write] of present) {
      this.reply.bulkText(name);
      write();
    }
  }
}

function docFlags({ deprecated, docFlags: others }: Command): string[] {
  return [...(deprecated ? ['deprecated'] : []), ...(others ?? [])];
}

function argumentFlags({ optional, many, manyToken }: Argument): string[] {
  const flags: string[] = [];
  if (optional) flags.push('optional');
  if (many) flags.push('multiple');
  if (manyToken) flags.push('multiple_token');
  return flags;
}
