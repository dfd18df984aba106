/**
 * What commands ask of main while their session is parked: main's side of ../executor/main-calls.ts.
 *
 *   apply          a working directory, an oom score, addresses to listen on and the process's title: all or none
 *   read-config    the text of the configuration file, null when there is none to be read
 *   write-config   the new text, to a temporary file that then takes the old one's place
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { systemErrorText } from '../config/files.ts';
import { fromBytesText, toBytesText } from '../config/words.ts';
import type { OutsideAnswer, OutsideRequest } from '../ring/messages.ts';
import type { ListenPlan } from './listeners.ts';
import type { ServerLog } from './log.ts';

export interface AsyncCallParts {
  configFile: string | null;
  log: ServerLog;
  /** Binds these addresses and has all io workers listen there and nowhere else; the plan says what went wrong. */
  relisten: (bind: string, port: number, backlog: number) => Promise<ListenPlan>;
  /** Sets the oom score; false if the system refuses, which is in the log then. */
  setOomScore: (mode: string, scores: string) => boolean;
  /** Gives the process its title, by a new template unless that is null. */
  setTitle: (template: string | null) => void;
}

const CANNOT_BIND = 'Failed to bind to specified addresses.';
const CANNOT_SCORE = 'Failed to set current oom_score_adj. Check server logs.';
const CANNOT_LISTEN = 'Unable to listen on this port. Check server logs.';

export class AsyncCalls {
  private readonly parts: AsyncCallParts;

  constructor(parts: AsyncCallParts) {
    this.parts = parts;
  }

  /** Does `kind` and resolves with its answer. Never rejects. */
  async answer(kind: string, data: unknown): Promise<unknown> {
    if (kind === 'apply') return this.apply(data as OutsideRequest);
    if (kind === 'read-config') return this.readConfig();
    return this.writeConfig(data as string);
  }

  private async apply(request: OutsideRequest): Promise<OutsideAnswer> {
    const before = process.cwd();
    if (request.directory !== null) {
      const why = enter(request.directory);
      if (why !== null) return { directory: null, failed: { directive: 'dir', why } };
    }
    // Last what cannot be taken back at once: listening.
    const failed =
      this.score(request.oom) ?? (request.listen === null ? null : await this.listen(request.listen));
    if (failed !== null) {
      enter(toBytesText(before));
      if (failed.directive !== request.oom?.blame) this.score(request.oomBefore);
      return { directory: null, failed };
    }
    this.parts.setTitle(request.title);
    return { directory: request.directory === null ? null : toBytesText(process.cwd()), failed: null };
  }

  private score(wanted: OutsideRequest['oom']): OutsideAnswer['failed'] {
    if (wanted === null || this.parts.setOomScore(wanted.mode, wanted.scores)) return null;
    return { directive: wanted.blame, why: CANNOT_SCORE };
  }

  private async listen(wanted: NonNullable<OutsideRequest['listen']>): Promise<OutsideAnswer['failed']> {
    const { bind, port, backlog, blame } = wanted;
    const plan = await this.parts.relisten(bind, port, backlog);
    for (const note of plan.notes) this.parts.log.write('warning', note);
    return plan.error === null
      ? null
      : { directive: blame, why: blame === 'port' ? CANNOT_LISTEN : CANNOT_BIND };
  }

  private readConfig(): { text: string | null } {
    try {
      return { text: readFileSync(this.parts.configFile!, 'latin1') };
    } catch {
      return { text: null };
    }
  }

  /** Null, or why not. The old file stays whole whatever happens on the way. */
  private writeConfig(text: string): string | null {
    const path = this.parts.configFile!;
    const temporary = `${path}-${process.pid}.tmp`;
    try {
      writeAndSync(temporary, text);
      renameSync(temporary, path);
      this.parts.log.write('notice', 'CONFIG REWRITE executed with success.');
      return null;
    } catch (error) {
      discard(temporary);
      this.parts.log.write('warning', `CONFIG REWRITE failed: ${(error as Error).message}`);
      return systemErrorText(error);
    }
  }
}

/** Makes a directory the working one; null, or why not. */
function enter(directory: string): string | null {
  try {
    process.chdir(fromBytesText(directory));
    return null;
  } catch (error) {
    return systemErrorText(error);
  }
}

function writeAndSync(path: string, text: string): void {
  const fd = openSync(path, 'w', 0o644);
  try {
    writeSync(fd, Buffer.from(text, 'latin1'));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function discard(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was never made.
  }
}
