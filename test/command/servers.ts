import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A server process in a temporary directory of its own. */
export interface RunningServer {
  port: number;
  pid: number;
  dir: string;
  /** Everything it has written to stdout and stderr so far. */
  output(): string;
  /** Ends it (SIGTERM, then SIGKILL after ten seconds) and removes its directory. */
  stop(): Promise<void>;
}

const READY = 'Ready to accept connections';
const READY_WITHIN_MS = 20_000;
const STOPPED_WITHIN_MS = 10_000;
const THREADIS_SERVER = fileURLToPath(new URL('../../bin/threadis-server', import.meta.url));

let oracleFound: boolean | undefined;

/**
 * Whether the real redis-server is here to compare with. Where it is not, oracle tests are skipped, unless
 * THREADIS_REQUIRE_ORACLE=1 says that this machine must have it: then the answer is yes, and starting it fails loudly.
 */
export function oracleAvailable(): boolean {
  if (process.env.THREADIS_REQUIRE_ORACLE === '1') return true;
  oracleFound ??= spawnSync('redis-server', ['--version']).status === 0;
  return oracleFound;
}

/** The real redis-server. Later arguments win over the defaults. */
export function startRedis(args: string[] = []): Promise<RunningServer> {
  return start('redis-server', [], args);
}

/** Ours, as built. */
export function startThreadis(args: string[] = []): Promise<RunningServer> {
  return start(process.execPath, [THREADIS_SERVER], args);
}

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

async function start(program: string, programArgs: string[], args: string[]): Promise<RunningServer> {
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'threadis-test-'));
  const serverArgs = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', dir, ...args];
  const child = spawn(program, [...programArgs, ...serverArgs], { stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: string[] = [];
  child.stdout.on('data', (chunk) => chunks.push(String(chunk)));
  child.stderr.on('data', (chunk) => chunks.push(String(chunk)));
  const output = (): string => chunks.join('');
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await becomesReady(child, output);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, pid: child.pid as number, dir, output, stop };
}

function becomesReady(child: ChildProcess, output: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(`not ready within ${READY_WITHIN_MS} ms`), READY_WITHIN_MS);
    const fail = (why: string): void => {
      clearTimeout(timer);
      reject(new Error(`${why}\n${output()}`));
    };
    const check = (): void => {
      if (!output().includes(READY)) return;
      clearTimeout(timer);
      child.stdout?.off('data', check);
      resolve();
    };
    child.stdout?.on('data', check);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code, signal) => {
      fail(`ended before it was ready (${signal ?? code})`);
    });
  });
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return resolve();
    const timer = setTimeout(() => child.kill('SIGKILL'), STOPPED_WITHIN_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
