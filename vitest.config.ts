/** Limits that end a test which hangs. No test measures time: on a machine that is busy elsewhere a second is nothing. */
import { defineConfig } from 'vitest/config';

const HANGS_MS = 120_000;

export default defineConfig({
  test: { testTimeout: HANGS_MS, hookTimeout: HANGS_MS, expect: { poll: { timeout: HANGS_MS / 2 } } },
});
