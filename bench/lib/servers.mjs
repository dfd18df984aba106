/**
 * Starts and stops the servers that a benchmark compares: ours and the real redis-server.
 *
 * Each gets a free port on 127.0.0.1, a temporary folder of its own, no persistence and otherwise its default
 * configuration, and counts as started when it answers PING. Whatever way the benchmark ends, the servers it
 * started are ended, by their process ids.
 *
 * Of two servers that are up at once the idle one must cost nothing: idle CPU is a figure of its own, which
 * macro/stalls.mjs measures.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cpuMicros, residentBytes } from './processes.mjs';
import { connectResp } from './resp-client.mjs';

export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const START_MS_MAX = 20_000;
const STOP_MS_MAX = 15_000;
const PING_EVERY_MS = 2;
const LOG_CHARACTERS_KEPT = 4_000;

/** Our server and the one that it is compared with. Either may be any program that starts as redis-server does. */
export const OURS_DEFAULT = join(projectRoot, 'bin', 'threadis-server');
export const BASELINE_DEFAULT = 'redis-server';

/**
 * @typedef {object} BenchServer
 * @property {string} label for tables
 * @property {string} version what `--version` prints
 * @property {number} pid
 * @property {number} port
 * @property {number} readyMs from spawn until the log said "Ready to accept connections"; NaN: it never did
 * @property {number} pongMs from spawn until the first PONG
 * @property {() => number} cpuMicros
 * @property {() => number} residentBytes
 * @property {() => void} assertAlive throws, with the end of the log, if the server has ended
 * @property {() => Promise<void>} stop
 */

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

/** @returns {Promise<number>} a port that was free a moment ago */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/** @param {string} program @returns {string} the first line of `--version` */
export function versionOf(program) {
  return execFileSync(program, ['--version'], { encoding: 'utf8', timeout: START_MS_MAX }).split('\n')[0];
}

/** Follows the server's log: when it said it was ready, and its end, for error messages. */
function followLog(
  /** @type {import('node:child_process').ChildProcess} */ child,
  /** @type {number} */ startMs,
) {
  const log = { text: '', readyMs: Number.NaN };
  const append = (/** @type {Buffer} */ data) => {
    log.text = (log.text + data).slice(-LOG_CHARACTERS_KEPT);
    if (Number.isNaN(log.readyMs) && log.text.includes('Ready to accept connections')) {
      log.readyMs = performance.now() - startMs;
    }
  };
  child.stdout.on('data', append);
  child.stderr.on('data', append);
  return log;
}

/** Resolves with the time of the first PONG. */
async function awaitPong(/** @type {number} */ port, /** @type {() => void} */ assertAlive) {
  const deadlineMs = performance.now() + START_MS_MAX;
  for (;;) {
    /** @type {Awaited<ReturnType<typeof connectResp>> | undefined} */
    let client;
    try {
      client = await connectResp(port);
      await client.call('PING');
      return performance.now();
    } catch (error) {
      assertAlive();
      if (performance.now() > deadlineMs) throw error;
      await sleep(PING_EVERY_MS);
    } finally {
      // Also of a server that answers -LOADING: the connection would be missed by nobody but the server's end.
      client?.close();
    }
  }
}

/** Asks the process to stop, and insists after a while. */
async function stopChild(/** @type {import('node:child_process').ChildProcess} */ child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const insist = setTimeout(() => {
    console.error(`process ${child.pid} ignored SIGTERM for ${STOP_MS_MAX} ms: killed`);
    child.kill('SIGKILL');
  }, STOP_MS_MAX);
  await ended;
  clearTimeout(insist);
}

/**
 * @param {object} choice
 * @param {string} choice.label
 * @param {string} choice.program
 * @param {string[]} [choice.args] beyond what every server gets
 * @returns {Promise<BenchServer>} a server that answers PING
 */
export async function startServer({ label, program, args = [] }) {
  const version = versionOf(program);
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'threadis-bench-'));
  const startMs = performance.now();
  const child = spawn(
    program,
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
      .concat(['--save', '', '--appendonly', 'no', '--daemonize', 'no'])
      .concat(args),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  running.add(child);
  /** @type {Error | undefined} */
  let spawnError;
  child.once('error', (error) => {
    spawnError = error;
  });
  const log = followLog(child, startMs);
  const assertAlive = () => {
    if (spawnError) throw spawnError;
    if (child.exitCode === null && child.signalCode === null) return;
    throw new Error(`${label} ended (${child.signalCode ?? child.exitCode}); its log's end:\n${log.text}`);
  };
  const pongMs = (await awaitPong(port, assertAlive)) - startMs;
  const pid = /** @type {number} */ (child.pid);
  return {
    label,
    version,
    pid,
    port,
    pongMs,
    get readyMs() {
      return log.readyMs;
    },
    cpuMicros: () => cpuMicros(pid),
    residentBytes: () => residentBytes(pid),
    assertAlive,
    stop: async () => {
      await stopChild(child);
      running.delete(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
