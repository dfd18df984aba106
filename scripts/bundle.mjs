// How TypeScript becomes what runs: one options object for the server and for the benchmarks of its parts.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { build } from 'esbuild';
import { foldConstants } from './fold-constants.mjs';

/**
 * Bundles and writes. Each file appears under its name at once, whole, so a server may be started meanwhile.
 * @param {import('esbuild').BuildOptions} options added to what all bundles share
 */
export async function bundle(options) {
  const result = await build({
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    minifySyntax: true,
    keepNames: false,
    logLevel: 'warning',
    ...options,
    write: false,
  });
  for (const { path, text } of result.outputFiles) {
    await mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.${process.pid}.tmp`;
    await writeFile(temporary, /\.[cm]?js$/.test(path) ? foldConstants(text) : text);
    await rename(temporary, path);
  }
}
