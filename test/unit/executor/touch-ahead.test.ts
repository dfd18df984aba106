import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../src/commands/all.ts';
import { CommandTable } from '../../../src/commands/table.ts';

describe('the argument that the executor reads ahead for', () => {
  const table = new CommandTable(COMMANDS);
  const documented = ({ args }: { args?: readonly { name: string }[] }) =>
    args?.map(({ name }) => name) ?? [];

  it('is a field or member of the first key', () => {
    const declared = table.byId.filter(({ element }) => element !== undefined);
    expect(declared.length).toBeGreaterThan(15);
    for (const command of declared) {
      expect(command.firstKey, command.fullName).toBe(1);
      expect(command.element, command.fullName).toBeGreaterThan(1);
      const names = JSON.stringify(documented(command)) + JSON.stringify(command.args);
      expect(names, command.fullName).toMatch(/"(field|member)"/);
    }
  });
});
