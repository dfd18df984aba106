// Runs the micro benchmarks: npm run bench:micro [-- name ...]. Each bench/micro/<name>.ts is bundled to a temporary file, as
// the server is, and run in a process of its own, so that one does not shape the optimised code of another.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../scripts/bundle.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => basename(file, '.ts'));
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(', ')}; there are: ${names.join(', ')}`);
  process.exit(1);
}

const outdir = mkdtempSync(join(tmpdir(), 'threadis-bench-'));
try {
  for (const name of wanted.length > 0 ? wanted : names) {
    const outfile = join(outdir, `${name}.mjs`);
    await bundle({ entryPoints: [join(folder, `${name}.ts`)], outfile });
    console.log(`\n# ${name}`);
    const { status } = spawnSync(process.execPath, ['--expose-gc', outfile], { stdio: 'inherit' });
    if (status !== 0) process.exitCode = 1;
  }
} finally {
  rmSync(outdir, { recursive: true, force: true });
}
