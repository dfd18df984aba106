/**
 * The executor's thread begins here: compiles the bundle beside this file and runs it, with the code that V8 made of it when it was built
 * (scripts/code-cache.mjs). The bundle is large: to read it through takes V8 30 ms, to take up the code 5. V8 looks whether the code is its own and the
 * bundle's: a cache of another version of Node is as good as none, and none is no fault.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import vm from 'node:vm';

const file = join(__dirname, 'executor-body.js');

function readCache(): Buffer | undefined {
  try {
    return readFileSync(`${file}.cache`);
  } catch {
    return undefined;
  }
}

// The bundle is ASCII: as latin1 it takes one byte a character in the heap, and no time to decode.
const script = new vm.Script(readFileSync(file, 'latin1'), { filename: file, cachedData: readCache() });
script.runInThisContext()(createRequire(file));
