/**
 * Runs units of Redis's own Tcl suite against our server.
 *
 *   npm run test:upstream -- unit/type/string unit/type/incr     these units
 *   npm run test:upstream -- --fast                              the units of fast-units.txt
 *   npm run test:upstream                                        the same
 *
 * Options:
 *   --list            the units that the suite lists, with the number of known gaps in each; others that it has a file of run too
 *   --oracle          run on the real redis-server instead, with no gaps: counts what passes there
 *   --try-gaps        run the known gaps too, and name those that pass by now
 *   --keep-going      run the remaining units after one that failed
 *   --only TITLE      only this test (or /regexp); may be repeated; skips are then not checked
 *   --tags=TAGS       runtest's --tags, such as -slow; ignored tests are then not checked
 *   --server PATH     the server to test, instead of bin/threadis-server
 *   --verbose         print runtest's lines as they come
 *   --json FILE       write the counts there
 *
 * The exit code is 0 only if every unit ran to its end, no test failed, everything skipped is listed in
 * known-gaps.txt with a reason, and everything listed there for these units exists.
 *
 * source.mjs says where the suite comes from, unit-run.mjs how its output is read, gaps.mjs what a gap is.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readFastUnits, readKnownGaps } from './gaps.mjs';
import {
  fetchSuite,
  hasUnit,
  listUnits,
  makeRunFolder,
  projectRoot,
  removeRunFolder,
  serverVersion,
  upstreamRoot,
} from './source.mjs';
import { endRunningUnits, runUnit } from './unit-run.mjs';

/** What an [ignore] line says of a block that has a tag; a gap of that title leaves such blocks out. */
const TAG_GAP = /^Tag: (.*) denied$/;

/** @typedef {import('./unit-run.mjs').UnitResult} UnitResult */
/** @typedef {import('./gaps.mjs').Gap} Gap */

/**
 * @typedef {object} Verdict
 * @property {UnitResult} result
 * @property {string[]} problems one line each; empty: the unit is as it should be
 * @property {string[]} gapsMet titles of known gaps that were skipped
 * @property {string[]} gapsClosed titles of known gaps that pass (--try-gaps)
 */

function readOptions() {
  return parseArgs({
    allowPositionals: true,
    options: {
      fast: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      oracle: { type: 'boolean', default: false },
      'try-gaps': { type: 'boolean', default: false },
      'keep-going': { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      tags: { type: 'string' },
      server: { type: 'string', default: join(projectRoot, 'bin', 'threadis-server') },
      json: { type: 'string' },
    },
  });
}

/** @returns {string[]} the units asked for; throws on a name that the suite does not have */
function chooseUnits(/** @type {string[]} */ positionals, /** @type {string} */ tree) {
  const units = positionals.length > 0 ? positionals : readFastUnits();
  for (const unit of units) {
    if (!hasUnit(tree, unit)) throw new Error(`the suite has no unit ${unit}; see --list`);
  }
  return units;
}

function printUnits(/** @type {string[]} */ allUnits, /** @type {Gap[]} */ gaps) {
  const fastUnits = readFastUnits();
  for (const unit of allUnits) {
    const count = gaps.filter((gap) => gap.unit === unit).length;
    const notes = [fastUnits.includes(unit) && 'fast', count > 0 && `${count} known gaps`].filter(Boolean);
    console.log(notes.length > 0 ? `${unit}  (${notes.join(', ')})` : unit);
  }
}

/** @returns {string} the title in an [ignore] line, which reads "title: reason" for a single test */
function ignoredTitle(/** @type {string} */ text) {
  return text.replace(/: (Tag: .*|large memory flag not provided|Not supported .*)$/, '');
}

/** @returns {string[]} titles of everything that did not run, by name or by tag */
function skippedTitles(/** @type {UnitResult} */ result) {
  return [...result.skipped, ...result.ignored.map(ignoredTitle)];
}

/**
 * Compares what was skipped with what is listed.
 * @returns {string[]} a problem for each skip that is not listed and each gap that the unit does not have
 */
function checkSkips(/** @type {string[]} */ skipped, /** @type {string[]} */ listed) {
  return [
    ...skipped
      .filter((title) => !listed.includes(title))
      .map((title) => `skipped, not a known gap: ${title}`),
    ...listed
      .filter((title) => !skipped.includes(title))
      .map((title) => `known gap, not in the unit: ${title}`),
  ];
}

/** @returns {Verdict} */
function judge(
  /** @type {UnitResult} */ result,
  /** @type {string[]} */ listed,
  /** @type {ReturnType<typeof readOptions>['values']} */ options,
) {
  const tryGaps = options['try-gaps'];
  const failed = result.failed.filter(({ title }) => !(tryGaps && listed.includes(title)));
  const skipsChecked = !options.oracle && !tryGaps && options.only.length === 0;
  const skipped = options.tags === undefined ? skippedTitles(result) : result.skipped;
  return {
    result,
    problems: [
      ...failed.map(({ title, detail }) => [`failed: ${title}`, ...detail].join('\n    ')),
      ...(skipsChecked ? checkSkips(skipped, listed) : []),
    ],
    gapsMet: skipsChecked ? listed.filter((title) => skipped.includes(title)) : [],
    gapsClosed: tryGaps ? listed.filter((title) => result.passed.includes(title)) : [],
  };
}

function printVerdict(/** @type {Verdict} */ { result, problems, gapsClosed }) {
  const state = problems.length === 0 ? 'ok' : 'FAILED';
  console.log(`${state}  ${result.unit}: ${result.passed.length} passed in ${result.seconds.toFixed(1)} s`);
  for (const problem of problems) console.log(`  - ${problem}`);
  for (const title of gapsClosed) console.log(`  + passes by now, take it off the list: ${title}`);
  if (problems.length > 0) console.log(`  log: ${result.logFile}`);
}

/** @returns {(string | number)[][]} */
function tableRows(/** @type {Verdict[]} */ verdicts) {
  return verdicts.map(({ result, problems, gapsMet }) => [
    result.unit,
    result.passed.length,
    problems.length,
    gapsMet.length,
    result.ignored.length,
    result.seconds.toFixed(1),
  ]);
}

function printTable(/** @type {(string | number)[][]} */ rows) {
  const all = [['unit', 'passed', 'failed', 'gaps skipped', 'ignored', 'seconds'], ...rows];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => String(row[column]).length)));
  for (const row of all) {
    const cells = row.map((cell, column) =>
      column === 0 ? String(cell).padEnd(widths[column]) : String(cell).padStart(widths[column]),
    );
    console.log(cells.join('  '));
  }
}

/** @returns {{ passed: number, failed: number, gaps: number, units: object[] }} */
function summarise(/** @type {Verdict[]} */ verdicts) {
  const units = verdicts.map(({ result, problems, gapsMet }) => ({
    unit: result.unit,
    passed: result.passed.length,
    failed: problems.length,
    gaps: gapsMet.length,
    ignored: result.ignored.length,
    seconds: result.seconds,
  }));
  const total = (/** @type {'passed' | 'failed' | 'gaps'} */ field) =>
    units.reduce((sum, unit) => sum + unit[field], 0);
  return { passed: total('passed'), failed: total('failed'), gaps: total('gaps'), units };
}

/** @returns {string[]} what runtest gets beyond what every run gets; a gap `Tag: x denied` keeps whole blocks with that tag out */
function extraArguments(
  /** @type {ReturnType<typeof readOptions>['values']} */ options,
  /** @type {string[]} */ listed,
) {
  const only = options.only.flatMap((title) => ['--only', title]);
  if (options.tags !== undefined) return [...only, '--tags', options.tags];
  if (options.oracle) return only;
  const tags = listed.flatMap((title) => TAG_GAP.exec(title)?.slice(1) ?? []).map((tag) => `-${tag}`);
  return tags.length === 0 ? only : [...only, '--tags', tags.join(' ')];
}

/** Runs the units one after the other, up to the first that fails unless told to keep going. */
async function runUnits(
  /** @type {string[]} */ units,
  /** @type {Gap[]} */ gaps,
  /** @type {string} */ runFolder,
  /** @type {ReturnType<typeof readOptions>['values']} */ options,
) {
  /** @type {Verdict[]} */
  const verdicts = [];
  const side = options.oracle ? 'oracle' : 'threadis';
  for (const unit of units) {
    const listed = gaps.filter((gap) => gap.unit === unit).map((gap) => gap.title);
    const result = await runUnit(unit, {
      runFolder,
      logFile: join(upstreamRoot, 'logs', `${side}-${unit.replaceAll('/', '-')}.log`),
      skipTitles: options.oracle || options['try-gaps'] ? [] : listed,
      extraArguments: extraArguments(options, listed),
      verbose: options.verbose,
    });
    const verdict = judge(result, listed, options);
    verdicts.push(verdict);
    printVerdict(verdict);
    if (verdict.problems.length > 0 && !options['keep-going']) break;
  }
  return verdicts;
}

/** Whatever way this process ends, no server and no run folder is left. */
function cleanUpAtExit(/** @type {string} */ runFolder) {
  process.on('exit', () => {
    endRunningUnits();
    removeRunFolder(runFolder);
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
}

async function main() {
  const { values: options, positionals } = readOptions();
  const tree = fetchSuite();
  const gaps = readKnownGaps();
  if (options.list) return printUnits(listUnits(tree), gaps);

  const units = chooseUnits(positionals, tree);
  const runFolder = makeRunFolder(tree, options);
  cleanUpAtExit(runFolder);
  console.log(serverVersion(runFolder));
  const verdicts = await runUnits(units, gaps, runFolder, options);
  const summary = summarise(verdicts);
  console.log('');
  printTable(tableRows(verdicts));
  if (options.json) writeFileSync(options.json, `${JSON.stringify(summary, null, 2)}\n`);
  const notRun = units.length - verdicts.length;
  if (notRun > 0) console.log(`\n${notRun} more units were not run (see --keep-going)`);
  console.log(`\n${summary.passed} passed, ${summary.failed} failed, ${summary.gaps} known gaps skipped`);
  process.exitCode = summary.failed > 0 ? 1 : 0;
}

try {
  await main();
} catch (error) {
  console.error(`test:upstream: ${error.message}`);
  process.exitCode = 1;
}
