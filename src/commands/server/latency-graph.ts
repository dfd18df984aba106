/**
 * LATENCY GRAPH: a column for each sample, the lowest of them at the bottom and the highest at the top, and below how long ago it was.
 *
 *      _#
 *     o||
 *    _|||
 *   o||||
 */
import type { LatencySeries } from '../latency-events.ts';

const ROWS = 4;
const COLUMNS = 80;
/** How far a column reaches into the row of its top. */
const TOPS = '_o#';

/** The graph as text; `second` is the time now. */
export function latencyGraph(event: string, { maxMs, samples }: LatencySeries, second: number): string {
  const all = samples.map(({ ms }) => ms);
  const high = Math.max(...all);
  const low = Math.min(...all);
  let text = `${event} - high ${high} ms, low ${low} ms (all time high ${maxMs} ms)\n${'-'.repeat(COLUMNS)}\n`;
  for (let from = 0; from < samples.length; from += COLUMNS) {
    const part = samples.slice(from, from + COLUMNS);
    const heights = part.map(({ ms }) => heightOf(ms - low, high - low));
    const ages = part.map((sample) => ageText(second - sample.second));
    if (from > 0) text += '\n';
    text += `${drawing(heights)}\n${standing(ages)}`;
  }
  return text;
}

/** In thirds of a row, from 0 up. */
function heightOf(value: number, range: number): number {
  return Math.min(ROWS * TOPS.length - 1, Math.floor((value * ROWS * TOPS.length) / Math.max(1, range)));
}

function drawing(heights: readonly number[]): string {
  let text = '';
  for (let row = ROWS - 1; row >= 0; row--)
    text += `${heights.map((height) => mark(height, row)).join('')}\n`;
  return text;
}

function mark(height: number, row: number): string {
  const top = Math.floor(height / TOPS.length);
  if (top < row) return ' ';
  return top > row ? '|' : TOPS[height % TOPS.length];
}

function ageText(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, seconds)}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

/** Words written from top to bottom, side by side. */
function standing(words: readonly string[]): string {
  const rows = Math.max(...words.map(({ length }) => length));
  let text = '';
  for (let row = 0; row < rows; row++) text += `${words.map((word) => word[row] ?? ' ').join('')}\n`;
  return text;
}
