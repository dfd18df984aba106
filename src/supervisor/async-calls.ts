/** What commands ask of main while their session is parked: rebinding addresses, writing the configuration file. */
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import { planTcp } from './listeners.ts';
import type { ServerLog } from './log.ts';
import type { Listener } from './messages.ts';

export interface AsyncCallParts {
  config: Config;
  configFile: string | null;
  log: ServerLog;
  relisten: (listeners: Listener[]) => void;
}

export interface BindRequest {
  bind: string[];
  port: number;
  backlog: number;
}

export class AsyncCalls {
  private readonly parts: AsyncCallParts;

  constructor(parts: AsyncCallParts) {
    this.parts = parts;
  }

  /** Does `kind` and resolves with its answer: null for success, else an error text. Never rejects. */
  async answer(kind: string, data: unknown): Promise<unknown> {
    try {
      if (kind === 'bind') return await this.bind(data as BindRequest);
      if (kind === 'read-config') return this.readConfig();
      if (kind === 'write-config') return await this.writeConfig(data as string);
      return `unknown request ${kind}`;
    } catch (error) {
      return (error as Error).message;
    }
  }

  private async bind({ bind, port, backlog }: BindRequest): Promise<string | null> {
    const plan = await planTcp(bind, port, backlog);
    if (plan.error !== null) return 'Unable to listen on this port. Check server logs.';
    this.parts.relisten(plan.listeners);
    return null;
  }

  /** The text of the config file, or null when there is none to be read. */
  private readConfig(): { text: string | null } {
    try {
      return { text: readFileSync(this.parts.configFile!, 'latin1') };
    } catch {
      return { text: null };
    }
  }

  private async writeConfig(text: string): Promise<string | null> {
    const path = this.parts.configFile!;
    const temporary = `${path}.${process.pid}.tmp`;
    await writeFile(temporary, text, 'latin1');
    await rename(temporary, path);
    return null;
  }
}
