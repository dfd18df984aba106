/**
 * The code cache of the executor's bundle is passed over in silence when V8 does not take it, and the start is slow then: so it is looked at here, in a
 * process that has the flags of a start.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const BUNDLE = fileURLToPath(new URL('../../dist/executor-body.js', import.meta.url));
const COMPILE = `
  const { readFileSync } = require('node:fs');
  const [file, cut] = process.argv.slice(1);
  const cachedData = readFileSync(file + '.cache');
  const script = new (require('node:vm').Script)(readFileSync(file, 'latin1').slice(0, cut), { filename: file, cachedData });
  process.stdout.write(String(script.cachedDataRejected));
`;

function isRejected(...more: string[]): string {
  return execFileSync(process.execPath, ['-e', COMPILE, BUNDLE, ...more], { encoding: 'utf8' });
}

test('the code cache fits the bundle, this version of Node and the flags of a start', () => {
  expect(isRejected()).toBe('false');
});

test('V8 does not take the cache for another bundle', () => {
  // Without the newline at its end.
  expect(isRejected('-1')).toBe('true');
});
