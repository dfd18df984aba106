import v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { HeapWatch } from '../../../src/executor/heap-watch.ts';

function collectGarbage(): void {
  v8.setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** Node tells of a collection in a later turn of the event loop. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

describe('HeapWatch', () => {
  it('counts major collections and keeps the longest pause, until it is reset', async () => {
    const watch = new HeapWatch();
    watch.start();
    collectGarbage();
    await until(() => watch.figures().majorGcs > 0);
    expect(watch.figures().gcMaxPauseMs).toBeGreaterThan(0);
    watch.reset();
    expect(watch.figures()).toMatchObject({ majorGcs: 0, gcMaxPauseMs: 0 });
  });
});
