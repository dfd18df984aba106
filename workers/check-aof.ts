/** The program threadis-check-aof. See src/persistence/aof/check.ts. */
import { readSync } from 'node:fs';
import { checkAof } from '../src/persistence/aof/check.ts';
import { systemFiles } from '../src/persistence/files.ts';

process.exitCode = checkAof(process.argv.slice(2), {
  files: systemFiles,
  say: (line) => void process.stdout.write(`${line}\n`),
  confirm(question) {
    process.stdout.write(question);
    const answer = Buffer.alloc(16);
    const size = readSync(0, answer, 0, answer.length, null);
    return size > 0 && answer.toString('latin1', 0, 1).toLowerCase() === 'y';
  },
});
