/**
 * The command table: every declaration with an id. Ids are dense and stable within a process only; io
 * workers get them by name (../resp/command-names.ts).
 */
import { type CommandName, LOOKS_AROUND } from '../resp/command-names.ts';
import type { Command, CommandDeclaration, KeySpec } from './define.ts';

/** What other connections have sent shows in their replies. */
const TELL_OF_CONNECTIONS: ReadonlySet<string> = new Set(['client', 'info', 'memory']);

export class CommandTable {
  /** Top-level commands and subcommands by id. */
  readonly byId: Command[] = [];
  private readonly byName = new Map<string, Command>();

  constructor(declarations: readonly CommandDeclaration[]) {
    for (const declaration of declarations) {
      const command = this.add(declaration, null);
      if (this.byName.has(command.fullName)) throw new Error(`command ${command.fullName} is declared twice`);
      this.byName.set(command.fullName, command);
    }
  }

  private add(declaration: CommandDeclaration, parent: Command | null): Command {
    check(declaration);
    const own = declaration.name.toLowerCase();
    const children = declaration.subcommands ? new Map<string, Command>() : null;
    const plain: Command = {
      ...declaration,
      id: this.byId.length,
      fullName: parent ? `${parent.fullName}|${own}` : own,
      firstKey: firstKeyOf(declaration.keys),
      parent,
      children: null,
      alone: null,
    };
    // A container never runs its own handler by the short way: its subcommand must be looked for first.
    const command: Command = children
      ? { ...plain, handler: undefined, children, alone: declaration.handler ? plain : null }
      : plain;
    this.byId.push(command);
    for (const child of declaration.subcommands ?? [])
      children!.set(child.name.toLowerCase(), this.add(child, command));
    return command;
  }

  /** The command of that lower-case name; containers' children as 'config|set'. */
  find(name: string): Command | undefined {
    const bar = name.indexOf('|');
    if (bar < 0) return this.byName.get(name);
    return this.byName.get(name.slice(0, bar))?.children?.get(name.slice(bar + 1));
  }

  /** Top-level commands under the names clients use now, renames applied. */
  topLevel(): IterableIterator<Command> {
    return this.byName.values();
  }

  /** rename-command: an empty new name removes the command. Returns an error text or null. */
  rename(from: string, to: string): string | null {
    const command = this.byName.get(from.toLowerCase());
    if (!command) return 'No such command in rename-command';
    this.byName.delete(from.toLowerCase());
    if (to === '') return null;
    if (this.byName.has(to.toLowerCase())) return 'Target command name already exists';
    this.byName.set(to.toLowerCase(), command);
    return null;
  }

  /** What io workers need to look commands up. */
  names(): CommandName[] {
    return [...this.byName].map(([name, { id, firstKey, fullName }]) => ({
      name,
      id,
      firstKey: TELL_OF_CONNECTIONS.has(fullName) ? LOOKS_AROUND : firstKey,
    }));
  }
}

function firstKeyOf(keys: readonly KeySpec[] | undefined): number {
  const begin = keys?.[0]?.begin;
  return begin && 'index' in begin && !('unknown' in keys![0].find && keys![0].find.unknown)
    ? begin.index
    : 0;
}

/** A declaration that contradicts itself stops the server at its start, and so every test. */
function check(declaration: CommandDeclaration): void {
  const { name, handler, subcommands, arity } = declaration;
  if (!handler && !subcommands) throw new Error(`command ${name} has neither a handler nor subcommands`);
  if (arity === 0) throw new Error(`command ${name} has no arity`);
}
