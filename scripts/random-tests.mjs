/**
 * Runs the tests that draw their input at random over and over, each time with another seed, and tells which seeds failed.
 *
 *   npm run test:random -- --minutes 10            all of them
 *   npm run test:random -- sets model/hash         those whose path contains one of these words
 *
 * CI runs every test with one fixed seed, so that a change is judged by the same input each time. This is what looks for input that
 * nobody has thought of. The exit code is 0 only if no run failed.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const MINUTE_MS = 60_000;

const { values: options, positionals: words } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '10' } },
});
const minutes = Number(options.minutes);
if (!(minutes > 0)) throw new Error(`--minutes ${options.minutes}: not a number of minutes`);

/** The test files that take their randomness from TEST_SEED. */
function randomTests() {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => join('test', path))
    .filter((path) => /\bseeded(Random|Prng)\(/.test(readFileSync(join(root, path), 'utf8')))
    .filter((path) => words.length === 0 || words.some((word) => path.includes(word)));
}

/** @typedef {{ name: string, status: string, message?: string, assertionResults: { fullName: string, status: string, failureMessages: string[] }[] }} FileResult */

/** Runs the files with a seed. @returns {string[]} what failed, a line each */
function failuresOf(files, seed, folder) {
  const report = join(folder, `${seed}.json`);
  const run = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--reporter=json',
      `--outputFile=${report}`,
      ...files,
    ],
    {
      cwd: root,
      env: { ...process.env, TEST_SEED: String(seed) },
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    },
  );
  if (run.status === 0) return [];
  if (!existsSync(report)) return [run.stderr];
  /** @type {FileResult[]} */
  const results = JSON.parse(readFileSync(report, 'utf8')).testResults;
  const failures = results.flatMap((file) => {
    const failed = file.assertionResults.filter(({ status }) => status === 'failed');
    if (failed.length === 0 && file.status === 'failed') return [`${file.name}: ${file.message}`];
    return failed.map(
      ({ fullName, failureMessages }) => `${file.name}: ${fullName}\n${failureMessages.join('\n')}`,
    );
  });
  // An error outside of any test is only on stderr.
  return failures.length > 0 ? failures : [run.stderr];
}

const files = randomTests();
if (files.length === 0)
  throw new Error(`no test with random input has one of these in its path: ${words.join(' ')}`);
const folder = mkdtempSync(join(tmpdir(), 'threadis-random-'));
const until = Date.now() + minutes * MINUTE_MS;
/** @type {number[]} */
const failedSeeds = [];
let runs = 0;
try {
  while (runs === 0 || Date.now() < until) {
    const seed = randomInt(2 ** 32);
    const failures = failuresOf(files, seed, folder);
    runs++;
    console.log(`TEST_SEED=${seed}: ${failures.length === 0 ? 'passed' : `${failures.length} failed`}`);
    for (const failure of failures) console.log(failure);
    if (failures.length > 0) failedSeeds.push(seed);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(
  `${runs} runs of ${files.length} files, ${failedSeeds.length} failed${failedSeeds.map((seed) => ` TEST_SEED=${seed}`).join('')}`,
);
process.exitCode = failedSeeds.length === 0 ? 0 : 1;
