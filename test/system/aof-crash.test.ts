/** Servers with an append only file that are killed under load: everything acknowledged is there again, whatever the moment. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../unit/base/seeded-random.ts';
import { Load } from './aof-load.ts';
import { AofServer } from './aof-server.ts';

const KILLS = 9;
let server: AofServer;
afterEach(() => server.clean());

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('kill -9', () => {
  for (const policy of ['always', 'everysec', 'no']) {
    for (const threads of ['1', '2']) {
      it(`appendfsync ${policy}, io-threads ${threads}: nothing acknowledged is missing, and transactions are whole`, async () => {
        const random = seededRandom(`kill ${policy} ${threads}`);
        // The oldest format, so that the tools of the real server can read it.
        const args = ['--appendfsync', policy, '--io-threads', threads, '--compat-version', '7.0'];
        server = new AofServer(args);
        const load = new Load(random);
        await server.start();
        let total = 0;
        for (let kill = 0; kill < KILLS; kill++) {
          const before = load.acknowledged;
          const running = load.run(server);
          await pause(30 + random.below(200));
          await server.kill();
          await running;
          total += load.acknowledged - before;
          await server.start();
          await load.check(server);
        }
        console.log(`${policy} ${threads}: ${total} acknowledged`);
        expect(total).toBeGreaterThan(0);
        expect(await server.shutdown()).toBe(0);
        expect(checkedByRealTool()).toMatch(/All AOF files and manifest are valid|no redis-check-aof/);
        await server.start();
        await load.check(server);
      }, 120_000);
    }
  }
});

/** What the checker of the real server says of the files. */
function checkedByRealTool(): string {
  const manifest = join(server.aofDir, 'appendonly.aof.manifest');
  const { error, stdout, stderr } = spawnSync('redis-check-aof', [manifest], { encoding: 'utf8' });
  return error === undefined ? stdout + stderr : 'no redis-check-aof';
}
