// Builds dist/: one self-contained bundle per thread, because a worker that imports
// hundreds of small modules takes 300 ms to start and a bundle takes half of that.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const shared = {
  absWorkingDir: root,
  outdir: join(root, 'dist'),
  // These stay ordinary packages: pino and piscina start workers from their own files.
  external: ['pino', 'piscina', 'redis-parser'],
};

await bundle({
  ...shared,
  entryPoints: [
    'workers/main.ts',
    'workers/io.ts',
    'workers/executor.ts',
    'workers/bio.ts',
    'workers/job.ts',
    'workers/check-rdb.ts',
    'workers/check-aof.ts',
  ],
  sourcemap: true,
});

// The names of all commands, which main requires in the rare case that the configuration renames one.
await bundle({
  ...shared,
  entryPoints: { 'command-names': 'src/commands/names.ts' },
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
});
