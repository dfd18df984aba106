/** What an append only file holds, for tests: its commands, one array of words each. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SELECT = 'select';

/** The bytes of the file of changes that is written to now. */
export function readIncrement(dir: string): Buffer {
  const directory = join(dir, 'appendonlydir');
  const manifest = join(directory, 'appendonly.aof.manifest');
  if (!existsSync(manifest)) return Buffer.alloc(0);
  const names = [...readFileSync(manifest, 'latin1').matchAll(/^file (\S+) seq \d+ type i$/gm)];
  const last = names.at(-1)?.[1];
  return last === undefined ? Buffer.alloc(0) : readFileSync(join(directory, last));
}

/** The commands in these bytes; their words as latin1 text. Throws when the bytes are not whole commands. */
export function parseCommands(bytes: Buffer): string[][] {
  const commands: string[][] = [];
  let at = 0;
  const number = (mark: string): number => {
    const end = bytes.indexOf('\r\n', at);
    const line = bytes.toString('latin1', at, end);
    if (end < 0 || line[0] !== mark) throw new Error(`not a command at ${at}: ${line}`);
    at = end + 2;
    return Number(line.slice(1));
  };
  while (at < bytes.length) {
    if (bytes[at] === 35) {
      at = bytes.indexOf('\n', at) + 1;
      continue;
    }
    const words: string[] = [];
    for (let left = number('*'); left > 0; left--) {
      const size = number('$');
      words.push(bytes.toString('latin1', at, at + size));
      at += size + 2;
    }
    if (at > bytes.length) throw new Error('the last command is cut short');
    commands.push(words);
  }
  return commands;
}

/** The commands as lines in lower case, without those that only select a database. */
export function asLines(commands: string[][]): string[] {
  return commands
    .filter(([name]) => name.toLowerCase() !== SELECT)
    .map((words) => words.join(' ').toLowerCase());
}
