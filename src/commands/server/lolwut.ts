import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, FAST, READONLY } from '../define.ts';

export const LOLWUT = defineCommand({
  name: 'LOLWUT',
  summary: 'Draws a piece of cloth, and tells the version.',
  group: 'server',
  since: '5.0.0',
  complexity: '',
  arity: -1, // LOLWUT [VERSION version] [columns [rows]]
  flags: READONLY | FAST,
  args: [arg.integer('version', { token: 'VERSION', optional: true })],
  handler: lolwut,
});

const COLUMNS = 64;
const ROWS = 12;
const COLUMNS_MAX = 160;
const ROWS_MAX = 80;

function lolwut(call: Call): void {
  const hasVersion = call.argc >= 3 && call.is(1, 'VERSION');
  const numbers: number[] = [];
  for (let i = hasVersion ? 2 : 1; i < call.argc; i++) {
    if (!/^-?[0-9]{1,18}$/.test(call.text(i))) {
      call.reply.error(errors.NOT_INTEGER);
      return;
    }
    numbers.push(Number(call.text(i)));
  }
  const [columns = COLUMNS, rows = ROWS] = hasVersion ? numbers.slice(1) : numbers;
  const cloth = weave(call, clamp(columns, COLUMNS_MAX), clamp(rows, ROWS_MAX));
  call.reply.verbatim('txt', `${cloth}\nRedis ver. ${call.server.version}\n`);
}

function clamp(value: number, max: number): number {
  return Math.min(max, Math.max(1, value));
}

/** Threads that cross or turn back where they meet, as chance has it. */
function weave(call: Call, columns: number, rows: number): string {
  let cloth = '';
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) cloth += call.server.random.below(2) === 0 ? '╱' : '╲';
    cloth += '\n';
  }
  // Replies are bytes, one per character of the string.
  return Buffer.from(cloth, 'utf8').toString('latin1');
}
