// Runs a load generator in a process of its own, so that what one of them does cannot delay another one's clock.
// The process runs from `startLoad` to `stop`, and answers `stop` with its figures.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/**
 * @param {'prober' | 'pipeliner'} kind which one: NAME-process.mjs beside this file
 * @param {Record<string, string | number>} settings handed to it
 * @returns {Promise<{ stop: () => Promise<any> }>} once it is connected and at work
 */
export async function startLoad(kind, settings) {
  const child = fork(join(here, `${kind}-process.mjs`), [JSON.stringify(settings)]);
  const failed = new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`the ${kind} ended early: ${code ?? signal}`)));
  });
  // Awaited in a race below; it may fail when nobody is waiting.
  failed.catch(() => {});
  const nextMessage = async () => (await Promise.race([once(child, 'message'), failed]))[0];
  await nextMessage();
  return {
    stop: async () => {
      child.send('stop');
      const figures = await nextMessage();
      child.disconnect();
      return figures;
    },
  };
}

/**
 * The other side of `startLoad`, for the load generator's own file.
 * @param {() => unknown} figures called once, when the parent says stop
 */
export function serveLoad(figures) {
  process.send?.('started');
  process.once('message', () => {
    process.send?.(figures());
    process.once('disconnect', () => process.exit(0));
  });
}

/** @returns {any} the settings that `startLoad` was given */
export function loadSettings() {
  return JSON.parse(process.argv[2]);
}
