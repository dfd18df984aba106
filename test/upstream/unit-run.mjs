/**
 * Runs one unit of Redis's suite and reads what runtest prints.
 *
 * runtest's own exit code says too little: it is 0 when a test was skipped, and when a unit ended early its
 * remaining tests just do not appear. So every line is read. The ones that count start with a bracket:
 *
 *   [ok]: title (3 ms)                          passed
 *   [err]: title in tests/unit/x.tcl + lines    failed; the lines that follow tell why
 *   [exception]: message + Tcl stack            the unit died; nothing after it ran
 *   [skip]: title                               skipped by name: by our --skipfile or by --only
 *   [ignore]: title: reason, [ignore]: reason   skipped by tag: one test, or a whole start_server block
 *   [TIMEOUT]: ...                              nothing moved for a while; runtest gave up
 *   [1/1 done]: unit (4 seconds)                the unit ran to its end
 *
 * An error outside any test (`r lpush` between two tests) is an [err] too, because of --durable: the rest of
 * that start_server block does not run. No skip list can reach such a line.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

/** runtest gives up after so many seconds in which no test ended. */
const STALL_SECONDS_MAX = 300;

/** A failure's text is shown up to here; the log file has it whole. */
const DETAIL_LINES_MAX = 25;

/** Ports of the spawned servers: each concurrent run gets a band of its own, by its process id. */
const FIRST_PORT = 20100;
const PORTS_PER_RUN = 400;
const PORT_BANDS = 25;

/**
 * @typedef {object} UnitResult
 * @property {string} unit
 * @property {string[]} passed titles
 * @property {{ title: string, detail: string[], open?: boolean }[]} failed open: lines still belong to it
 * @property {string[]} skipped titles skipped by name
 * @property {string[]} ignored what the [ignore] lines say
 * @property {boolean} done the unit ran to its end
 * @property {number} seconds
 * @property {string} logFile everything that runtest printed
 */

/**
 * @typedef {object} UnitOptions
 * @property {string} runFolder from `makeRunFolder`
 * @property {string} logFile
 * @property {string[]} skipTitles
 * @property {string[]} extraArguments for runtest
 * @property {boolean} verbose print runtest's lines as they come
 */

/** Adds one line of runtest's output to the result. */
function readLine(/** @type {UnitResult} */ result, /** @type {string} */ line) {
  const match = /^\[(ok|err|exception|skip|ignore|TIMEOUT|\d+\/\d+ done)\]: (.*)$/.exec(line);
  if (!match) {
    const last = result.failed.at(-1);
    if (last?.open && last.detail.length < DETAIL_LINES_MAX) last.detail.push(line);
    return;
  }
  closeFailure(result);
  addOutcome(result, match[1], match[2]);
}

/** The lines up to the next bracket belonged to the latest failure; from here on they do not. */
function closeFailure(/** @type {UnitResult} */ result) {
  const last = result.failed.at(-1);
  if (last) last.open = false;
}

function addOutcome(
  /** @type {UnitResult} */ result,
  /** @type {string} */ kind,
  /** @type {string} */ text,
) {
  if (kind === 'ok') result.passed.push(text.replace(/ \(\d+ ms\)$/, ''));
  else if (kind === 'skip') result.skipped.push(text);
  else if (kind === 'ignore') result.ignored.push(text);
  else if (kind.endsWith('done')) result.done = true;
  else result.failed.push({ title: text.replace(/ in tests\/\S+\.tcl$/, ''), detail: [], open: true });
}

/** @returns {string[]} runtest's arguments */
function runtestArguments(/** @type {string} */ unit, /** @type {UnitOptions} */ options) {
  const band = process.pid % PORT_BANDS;
  const skipFile = join(options.runFolder, 'skip-titles');
  writeFileSync(skipFile, options.skipTitles.join('\n'));
  return [
    ['--clients', '1'],
    ['--durable'],
    ['--dump-logs'],
    ['--timeout', String(STALL_SECONDS_MAX)],
    ['--baseport', String(FIRST_PORT + band * PORTS_PER_RUN)],
    ['--portcount', String(PORTS_PER_RUN - 40)], // runtest's own port lies below the band
    ['--skipfile', skipFile],
    ['--single', unit],
    options.extraArguments,
  ].flat();
}

/** Process groups of the runtests that run now: their servers are in them. */
const runningGroups = new Set();

/** Ends the processes of one runtest, servers included; those that are gone already are no matter. */
function endGroup(/** @type {number} */ group) {
  runningGroups.delete(group);
  try {
    process.kill(-group, 'SIGKILL');
  } catch {}
}

/** Ends what is still running, for when this process is told to stop. */
export function endRunningUnits() {
  for (const group of runningGroups) endGroup(group);
}

/** Resolves to the child's exit code once its output is read to the end. */
function finished(/** @type {import('node:child_process').ChildProcess} */ child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
}

/**
 * Runs one unit to its end.
 * @param {string} unit
 * @param {UnitOptions} options
 * @returns {Promise<UnitResult>}
 */
export async function runUnit(unit, options) {
  const { logFile } = options;
  /** @type {UnitResult} */
  const result = { unit, passed: [], failed: [], skipped: [], ignored: [], done: false, seconds: 0, logFile };
  const startMs = performance.now();
  mkdirSync(dirname(logFile), { recursive: true });
  const log = createWriteStream(logFile);
  // A group of its own, so that no server outlives its unit; no colours, so that the brackets are plain.
  const child = spawn('./runtest', runtestArguments(unit, options), {
    cwd: options.runFolder,
    detached: true,
    env: { ...process.env, TERM: 'dumb' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  runningGroups.add(child.pid);
  const readLines = (/** @type {import('node:stream').Readable} */ stream) =>
    createInterface({ input: stream }).on('line', (line) => {
      log.write(`${line}\n`);
      if (options.verbose) console.log(line);
      readLine(result, line);
    });
  readLines(child.stdout);
  readLines(child.stderr);
  const code = await finished(child);
  endGroup(child.pid);
  log.end();
  result.seconds = (performance.now() - startMs) / 1000;
  if (!result.done || (code !== 0 && result.failed.length === 0)) {
    result.failed.push({ title: `(the unit did not run to its end: exit code ${code})`, detail: [] });
  }
  return result;
}
