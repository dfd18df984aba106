// Builds dist/: one self-contained bundle per thread, because a worker that imports hundreds of small modules takes 300 ms to start and a bundle takes
// half of that. They are CommonJS: Node has a thread of that kind running 10 ms earlier than one of modules.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';
import { dropCodeCache, writeCodeCache } from './code-cache.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const shared = {
  absWorkingDir: root,
  outdir: dist,
  // These stay ordinary packages: piscina starts workers from its own files.
  external: ['piscina', 'redis-parser'],
};
const EXECUTOR = 'executor-body.js';
const commonJs = { format: 'cjs', outExtension: { '.js': '.cjs' } };

await bundle({
  ...shared,
  ...commonJs,
  entryPoints: {
    main: 'workers/main.ts',
    io: 'workers/io.ts',
    bio: 'workers/bio.ts',
    executor: 'workers/executor-start.ts',
    'check-rdb': 'workers/check-rdb.ts',
    'check-aof': 'workers/check-aof.ts',
  },
  sourcemap: true,
});

// Loaded by piscina.
await bundle({ ...shared, entryPoints: ['workers/job.ts'], sourcemap: true });

// What main requires when it is wanted: the names of all commands only where the configuration renames one.
await bundle({
  ...shared,
  ...commonJs,
  entryPoints: { 'command-names': 'src/commands/names.ts', pino: 'pino' },
});

// What executor.cjs runs: one function expression.
dropCodeCache(dist, EXECUTOR);
await bundle({
  ...shared,
  entryPoints: { 'executor-body': 'workers/executor.ts' },
  format: 'cjs',
  banner: { js: '(function (require) {' },
  footer: { js: '})' },
  sourcemap: true,
});
try {
  await writeCodeCache(dist, EXECUTOR);
} catch (error) {
  // Where no server can be started (a sandbox without sockets, say), the bundles are whole all the same: a start takes 30 ms longer.
  console.warn(`warning: dist/${EXECUTOR}.cache was not written: ${error}`);
}
