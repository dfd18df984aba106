/** A server with an append only file that may be killed and started again on the same files. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { RawClient, readable } from '../command/raw-client.ts';
import { freePort } from '../command/servers.ts';
import { newDirectory, ServerProcess } from './server-process.ts';

export class AofServer {
  readonly dir = newDirectory();
  port = 0;
  private readonly args: string[];
  private process: ServerProcess | null = null;
  private readonly clients: RawClient[] = [];

  constructor(args: string[]) {
    this.args = args;
  }

  get aofDir(): string {
    return join(this.dir, 'appendonlydir');
  }

  get running(): ServerProcess {
    return this.process!;
  }

  /** Starts it without waiting for more than the process. */
  async spawn(args: string[] = [], env: Record<string, string> = {}): Promise<ServerProcess> {
    this.port = await freePort();
    const all = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'yes'];
    this.process = new ServerProcess([...all, ...this.args, ...args], env, this.dir);
    return this.process;
  }

  async start(args: string[] = [], env: Record<string, string> = {}): Promise<void> {
    await (await this.spawn(args, env)).ready();
  }

  async connect(): Promise<RawClient> {
    const client = await RawClient.connect(this.port);
    this.clients.push(client);
    return client;
  }

  async ask(...command: (string | number)[]): Promise<unknown> {
    const client = await this.connect();
    const reply = readable(await client.call(...command));
    client.close();
    return reply;
  }

  async kill(): Promise<void> {
    this.running.signal('SIGKILL');
    await this.running.ended;
    this.closeAll();
  }

  /** SHUTDOWN; returns the exit code. */
  async shutdown(): Promise<number | string> {
    const client = await this.connect();
    await client.call('SHUTDOWN').catch(() => null);
    const code = await this.running.ended;
    this.closeAll();
    return code;
  }

  private closeAll(): void {
    for (const client of this.clients.splice(0)) client.close();
  }

  async clean(): Promise<void> {
    this.closeAll();
    await this.process?.clean();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
