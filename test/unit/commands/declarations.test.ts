/** Guards over the command table: what every declaration must say, and that somebody tests the command. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../src/commands/all.ts';
import { CATEGORIES } from '../../../src/commands/categories.ts';
import type { Argument, CommandDeclaration } from '../../../src/commands/define.ts';
import { CommandTable } from '../../../src/commands/table.ts';

const TEST_ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** It costs what it draws; Redis names no complexity for it either. */
const NO_COMPLEXITY = ['LOLWUT'];
/** Tests over the whole table name commands without testing them. */
const INTROSPECTION_TEST = 'command-introspection.test.ts';
const NOT_TESTS = [INTROSPECTION_TEST, 'declarations.test.ts', 'categories.test.ts'];

interface Declared {
  name: string;
  declaration: CommandDeclaration;
}

const DECLARED: Declared[] = COMMANDS.flatMap((command) => [
  { name: command.name, declaration: command },
  ...(command.subcommands ?? []).map((child) => ({
    name: `${command.name} ${child.name}`,
    declaration: child,
  })),
]);

function testTexts(): string {
  const files = readdirSync(TEST_ROOT, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts') && !file.includes('upstream'))
    .filter((file) => !NOT_TESTS.some((name) => file.endsWith(name)))
    .map((file) => readFileSync(join(TEST_ROOT, file), 'utf8'))
    .join('\n');
}

/** CLIENT ID as `'CLIENT', 'ID'`, `CLIENT ID` or `client|id`. */
function mentions(texts: string, name: string): boolean {
  return new RegExp(`\\b${name.replace(' ', `['"\`,|\\s]+`)}\\b`, 'i').test(texts);
}

function allArguments(args: readonly Argument[] = []): Argument[] {
  return args.flatMap((argument) => [argument, ...allArguments(argument.args)]);
}

describe('every declaration', () => {
  for (const { name, declaration } of DECLARED) {
    it(`${name} says what it is`, () => {
      const { summary, complexity, since, group, flags, arity, history, args, keys, categories } =
        declaration;
      expect(summary).toMatch(/^[A-Z].*\.$/);
      expect(complexity !== '').toBe(!NO_COMPLEXITY.includes(name));
      expect(since).toMatch(/^\d+\.\d+\.\d+$/);
      expect(group).toBeTruthy();
      expect(Number.isInteger(flags)).toBe(true);
      expect(arity).not.toBe(0);
      for (const [version, change] of history ?? []) {
        expect(version).toMatch(/^\d+\.\d+\.\d+$/);
        expect(change).not.toBe('');
      }
      for (const category of categories ?? []) expect(CATEGORIES).toContain(category);
      for (const argument of allArguments(args)) {
        expect(argument.name).toMatch(/^[a-z0-9_:./-]+$/);
        if (argument.type === 'key') expect(keys?.[argument.keySpec ?? 0], argument.name).toBeDefined();
        if (argument.type === 'pure-token') expect(argument.token, argument.name).toBeDefined();
        if (argument.type === 'oneof' || argument.type === 'block')
          expect(argument.args!.length).toBeGreaterThan(0);
      }
      expect(declaration.handler !== undefined || declaration.subcommands !== undefined).toBe(true);
    });
  }

  it('has a name of its own', () => {
    expect(new Set(DECLARED.map(({ name }) => name.toLowerCase())).size).toBe(DECLARED.length);
    expect(new CommandTable(COMMANDS).byId.length).toBe(DECLARED.length);
  });

  it('is named by a test', () => {
    const texts = testTexts();
    const introspection = readFileSync(join(TEST_ROOT, 'command', INTROSPECTION_TEST), 'utf8');
    const tested = (name: string): boolean =>
      mentions(/^COMMAND( |$)/.test(name) ? introspection : texts, name);
    expect(DECLARED.map(({ name }) => name).filter((name) => !tested(name))).toEqual([]);
  });
});
