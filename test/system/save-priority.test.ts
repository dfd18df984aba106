/** Which threads run at which priority while a snapshot is written: Linux tells. */
import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { expect, it } from 'vitest';
import { eventually, infoOf, start } from './saved.ts';
import { newDirectory, THREADIS } from './server-process.ts';

/** The priority is the 17th field behind the name in parentheses: 0 unless somebody changed it. */
function priorities(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[16]);
  });
}

it('only the thread that encodes the file is less urgent than commands', async () => {
  const one = await start(THREADIS, newDirectory(), ['--rdb-key-save-delay', '2000000']);
  const pid = Number(/^process_id:(\d+)/m.exec(String(await one.ask('INFO', 'server')))?.[1]);
  expect(priorities(pid).filter((priority) => priority !== 0)).toEqual([]);
  await one.ask('SET', 'a', '1');
  await one.ask('SET', 'b', '1');
  await one.ask('BGSAVE');
  await eventually(() => priorities(pid).some((priority) => priority !== 0));
  expect(priorities(pid).filter((priority) => priority !== 0)).toEqual([
    constants.priority.PRIORITY_BELOW_NORMAL,
  ]);
  await one.ask('CONFIG', 'SET', 'rdb-key-save-delay', '0');
  await eventually(async () => (await infoOf(one)).rdb_bgsave_in_progress === '0');
});
