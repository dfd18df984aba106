import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../src/commands/all.ts';
import { CommandTable } from '../../../src/commands/table.ts';
import { CommandNames, LOOKS_AROUND } from '../../../src/resp/command-names.ts';
import { seededRandom } from '../base/seeded-random.ts';

function find(names: CommandNames, text: string): number {
  const bytes = Buffer.from(`xx${text}yy`, 'latin1');
  return names.find(bytes, 2, bytes.length - 2);
}

describe('CommandNames', () => {
  const table = new CommandTable(COMMANDS);
  const names = new CommandNames(table.names());

  it('finds every command in any case', () => {
    for (const { name, id, firstKey } of table.names()) {
      expect(find(names, name)).toBe(id);
      expect(find(names, name.toUpperCase())).toBe(id);
      expect(find(names, name[0].toUpperCase() + name.slice(1))).toBe(id);
      expect(names.firstKey(id)).toBe(firstKey);
    }
  });

  it('finds nothing else', () => {
    const { below } = seededRandom('command names');
    const known = new Set(table.names().map(({ name }) => name));
    for (let i = 0; i < 20_000; i++) {
      const text = String.fromCharCode(...Array.from({ length: below(10) }, () => below(256)));
      if (!known.has(text.toLowerCase())) expect(find(names, text)).toBe(-1);
    }
    for (const { name } of table.names()) {
      expect(find(names, `${name}\0`)).toBe(-1);
      expect(find(names, name.slice(1)) !== -1).toBe(known.has(name.slice(1)));
    }
  });

  it('a renamed command has its new name only, a removed one none', () => {
    const renamed = new CommandTable(COMMANDS);
    const id = renamed.find('get')!.id;
    expect(renamed.rename('GET', 'Fetch')).toBeNull();
    expect(renamed.rename('set', '')).toBeNull();
    expect(renamed.rename('nosuch', 'x')).toBe('No such command in rename-command');
    expect(renamed.rename('incr', 'fetch')).toBe('Target command name already exists');
    const found = new CommandNames(renamed.names());
    expect(find(found, 'fetch')).toBe(id);
    expect(find(found, 'get')).toBe(-1);
    expect(find(found, 'set')).toBe(-1);
  });

  it('some tell of other connections, under any name', () => {
    const renamed = new CommandTable(COMMANDS);
    renamed.rename('client', 'who');
    const found = new CommandNames(renamed.names());
    for (const name of ['who', 'info', 'memory']) {
      expect(found.firstKey(find(found, name)), name).toBe(LOOKS_AROUND);
    }
    for (const name of ['ping', 'publish', 'config']) expect(found.firstKey(find(found, name)), name).toBe(0);
  });

  it('an empty table finds nothing', () => {
    expect(find(new CommandNames([]), 'get')).toBe(-1);
  });
});
