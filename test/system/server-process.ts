/** A server process for tests of how it starts and ends: nothing is awaited or cleaned up but what the test asks for. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How our server is run, as it was built, and the real one. */
export const THREADIS: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL('../../bin/threadis-server', import.meta.url)),
];
export const REDIS: readonly string[] = ['redis-server'];

export class ServerProcess {
  readonly child: ChildProcess;
  readonly dir: string;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  private text = '';
  private readonly watchers = new Set<() => void>();

  constructor(args: string[], env: Record<string, string> = {}, dir = newDirectory(), program = THREADIS) {
    this.dir = dir;
    this.child = spawn(program[0], [...program.slice(1), ...args], {
      cwd: dir,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (chunk) => {
        this.text += String(chunk);
        for (const watcher of this.watchers) watcher();
      });
    }
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
  }

  /** What it has written to its standard output and standard error. */
  get output(): string {
    return this.text;
  }

  /** Waits until it has written that. Rejects when it ends before. */
  async wrote(part: string): Promise<void> {
    let watcher = () => {};
    const written = new Promise<void>((resolve) => {
      watcher = () => this.text.includes(part) && resolve();
      this.watchers.add(watcher);
      watcher();
    });
    const gone = this.ended.then((code) => {
      if (!this.text.includes(part)) throw new Error(`ended with ${code} before '${part}':\n${this.text}`);
    });
    await Promise.race([written, gone]);
    this.watchers.delete(watcher);
  }

  ready(): Promise<void> {
    return this.wrote('Ready to accept connections');
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Ends it if it still runs, and removes its directory. */
  async clean(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export function newDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'threadis-process-'));
}
