/*
 * Random commands, the same to our server and to the real one: every reply must be equal, and in the end what `look` says of every key,
 * and the number of changes. TEST_SEED repeats a run.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SeededRandom } from '../unit/base/seeded-random.ts';
import { RawClient, readable } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

/** Counted, not timed: the same seed is the same run everywhere. */
const COMMANDS_PER_RUN = 30_000;
const BATCH = 200;

/** A command and how often it comes, relative to the others. */
export type Weighted = [weight: number, make: () => string[]];

export interface Differential {
  name: string;
  random: SeededRandom;
  commands: Weighted[];
  /** The commands that tell what a key holds. */
  look: (key: string) => string[][];
  args?: string[];
}

const bytes = (words: string[]): Buffer[] => words.map((word) => Buffer.from(word, 'latin1'));
const shown = (words: string[]): string => words.map((word) => JSON.stringify(word.slice(0, 80))).join(' ');

/** Declares the test. */
export function differential({ name, random, commands, look, args = [] }: Differential): void {
  const total = commands.reduce((sum, [weight]) => sum + weight, 0);
  const command = (): string[] => {
    let rest = (random.below(1_000_000) / 1_000_000) * total;
    for (const [weight, make] of commands) {
      rest -= weight;
      if (rest < 0) return make();
    }
    return ['PING'];
  };

  describe.skipIf(!oracleAvailable())(`${name}, at random`, () => {
    const servers: RunningServer[] = [];
    const clients: RawClient[] = [];
    beforeAll(async () => {
      const all = ['--save', '', ...args];
      servers.push(await startThreadis(['--compat-version', '7.0', ...all]), await startRedis(all));
      for (const { port } of servers) clients.push(await RawClient.connect(port));
    }, 30_000);
    afterAll(async () => {
      for (const client of clients) client.close();
      for (const server of servers) await server.stop();
    });

    async function state(client: RawClient): Promise<unknown[]> {
      const rows: unknown[] = [];
      const keys = ((await client.call('KEYS', '*')) as Buffer[]).sort(Buffer.compare);
      for (const key of keys.map((bytes) => bytes.toString('latin1'))) {
        rows.push([
          key,
          ...(await Promise.all(
            look(key).map(async (words) => readable(await client.call(...bytes(words)))),
          )),
        ]);
      }
      const info = String(readable(await client.call('INFO', 'persistence')));
      return [...rows, /rdb_changes_since_last_save:\d+/.exec(info)?.[0]];
    }

    it('reply as the real server does, and leave the same keys behind', async () => {
      let done = 0;
      while (done < COMMANDS_PER_RUN) {
        const batch = Array.from({ length: BATCH }, command);
        const [ours, real] = await Promise.all(
          clients.map((client) => Promise.all(batch.map((words) => client.call(...bytes(words))))),
        );
        for (let i = 0; i < BATCH; i++) {
          const [a, b] = [ours[i], real[i]].map((reply) => JSON.stringify(readable(reply)));
          if (a === b) continue;
          const before = batch.slice(Math.max(0, i - 10), i + 1).map(shown);
          expect.fail(
            `command ${done + i} differs: ours ${a?.slice(0, 300)}, real ${b?.slice(0, 300)}\n${before.join('\n')}`,
          );
        }
        done += BATCH;
      }
      console.log(`${name}: ${done} commands`);
      const [ours, real] = await Promise.all(clients.map(state));
      expect(ours).toEqual(real);
    });
  });
}
