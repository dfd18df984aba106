// Turns results into Markdown and JSON, and says on which machine and commit they were measured.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from './servers.mjs';

export const resultsFolder = join(projectRoot, 'bench', 'results');

/** @param {string[]} args @returns {string | undefined} git's answer; undefined where there is no commit yet */
function git(...args) {
  try {
    return execFileSync('git', args, {
      cwd: projectRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}

/** @returns {Record<string, string | number>} where and on what the figures were measured */
export function describeRun(/** @type {{ label: string, version: string }[]} */ servers) {
  const commit = git('rev-parse', '--short=12', 'HEAD') ?? 'none yet';
  const changed = git('status', '--porcelain', '--', 'src', 'workers', 'bin')
    ? ', with uncommitted changes'
    : '';
  return {
    date: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    commit: commit + changed,
    command: `node ${process.argv.slice(1).map(shortenPath).join(' ')}`,
    ...Object.fromEntries(servers.map(({ label, version }) => [label, version])),
  };
}

/** Paths in results are the project's, not the machine's; an argument with a blank is quoted. */
function shortenPath(/** @type {string} */ argument) {
  const short = argument.replace(`${projectRoot}/`, '');
  return /\s/.test(short) ? JSON.stringify(short) : short;
}

/** @param {number} value @returns {string} with as many decimals as make sense at its size */
export function formatNumber(value) {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** @param {import('./statistics.mjs').Spread} ratio @returns {string} such as "1.21x (1.15-1.30)" */
export function formatRatio({ median, min, max }) {
  return `${median.toFixed(2)}x (${min.toFixed(2)}-${max.toFixed(2)})`;
}

/** @param {string[]} header @param {(string | number)[][]} rows @returns {string} a Markdown table, aligned to be read */
export function markdownTable(header, rows) {
  const all = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_, column) => Math.max(3, ...all.map((row) => row[column].length)));
  const line = (/** @type {string[]} */ cells) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join(' | ')} |`;
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(all[0]), line(rule), ...all.slice(1).map(line)].join('\n');
}

/** @returns {string} the description as a Markdown list */
export function describeAsMarkdown(/** @type {Record<string, string | number>} */ description) {
  return Object.entries(description)
    .map(([name, value]) => `- ${name}: ${value}`)
    .join('\n');
}

/**
 * Writes bench/results/NAME.md and NAME.json; does nothing without a name.
 * @param {string} name
 * @param {{ title: string, markdown: string, data: unknown, run: Record<string, string | number> }} results
 */
export function writeResults(name, { title, markdown, data, run }) {
  if (name === '') return;
  mkdirSync(resultsFolder, { recursive: true });
  const page = `# ${title}\n\n${describeAsMarkdown(run)}\n\n${markdown}\n`;
  writeFileSync(join(resultsFolder, `${name}.md`), page);
  writeFileSync(join(resultsFolder, `${name}.json`), `${JSON.stringify({ run, results: data }, null, 2)}\n`);
  console.log(`\nwritten: bench/results/${name}.md and .json`);
}
