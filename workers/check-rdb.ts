/** The program threadis-check-rdb: reads an RDB file and says whether it is sound. Exit code 0 when it is, else 1. */
import { systemFiles } from '../src/persistence/files.ts';
import { checkRdbFile } from '../src/persistence/rdb/check-file.ts';

const [path, ...more] = process.argv.slice(2);
if (path === undefined || more.length > 0) {
  process.stderr.write('Usage: threadis-check-rdb <rdb-file-name>\n');
  process.exitCode = 1;
} else {
  const isSound = checkRdbFile(systemFiles, path, Date.now(), (line) => process.stdout.write(`${line}\n`));
  process.exitCode = isSound ? 0 : 1;
}
