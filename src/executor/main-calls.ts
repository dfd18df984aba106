/**
 * What commands ask of main, which owns files, addresses and the working directory: the executor's side.
 *
 * The session that asks is parked: its later requests wait, everyone else's run. The answer comes by the mailbox and is acted on
 * even if the client has left meanwhile, so that both threads agree; then the waiting function replies as the handler would. Main's side is ../supervisor/async-calls.ts.
 *
 *   CONFIG SET of APPLIED_BY_MAIN  main tries; if it cannot, nothing has changed, else the whole change is committed. Should the
 *                                  commit fail after that (a hook refuses), main is told to go back
 *   CONFIG REWRITE                 main reads the file, the new text is made here where the values are, main writes it
 */
import type { Session } from '../commands/session.ts';
import { type Change, type ChangeEntry, type Config, setFailure } from '../config/config.ts';
import type { Value } from '../config/directive.ts';
import { rewriteConfig } from '../config/rewrite.ts';
import type { FromExecutor, OomWanted, OutsideAnswer, OutsideRequest } from '../ring/messages.ts';

/** Takes main's answer, whether the client is still there or not; returns how to reply to it, or null when it is to wait on. */
type Settle = (answer: unknown) => (() => void) | null;

export interface MainCallsParts {
  config: Config;
  send: (message: FromExecutor) => void;
  park: (session: Session) => void;
  unpark: (session: Session, answer: () => void) => void;
}

/** Directives that main applies; tls-* are asynchronous in principle, but there is no TLS to apply them to. */
const APPLIED_BY_MAIN = [
  'dir',
  'port',
  'bind',
  'proc-title-template',
  'oom-score-adj',
  'oom-score-adj-values',
];

export class MainCalls {
  private readonly parts: MainCallsParts;
  private readonly pending = new Map<number, { session: Session; settle: Settle }>();
  private nextId = 1;

  constructor(parts: MainCallsParts) {
    this.parts = parts;
  }

  /** The answer to call `id` has come. */
  answer(id: number, value: unknown): void {
    const waiting = this.pending.get(id);
    if (!waiting) return;
    this.pending.delete(id);
    const reply = waiting.settle(value);
    if (reply !== null) this.parts.unpark(waiting.session, reply);
  }

  private ask(session: Session, kind: string, data: unknown, settle: Settle): void {
    const id = this.nextId++;
    this.pending.set(id, { session, settle });
    this.parts.park(session);
    this.parts.send({ type: 'ask', id, kind, data });
  }

  /** Applies the change, main's part first; `done` gets the error reply or null. */
  applyChange(session: Session, change: Change, done: (error: string | null) => void): void {
    const { config } = this.parts;
    const request = outsideRequest(change, config);
    if (request === null) {
      done(config.commit(change));
      return;
    }
    this.ask(session, 'apply', request, (answer) => {
      const error = this.finishChange(change, answer as OutsideAnswer);
      return () => done(error);
    });
  }

  /** Commits what main has done its part of; the error reply or null. */
  private finishChange(change: Change, { directory, failed }: OutsideAnswer): string | null {
    const { config } = this.parts;
    if (failed !== null) return setFailure(shownName(change, failed.directive), failed.why);
    const error = config.commit(withDirectory(change, directory));
    if (error !== null) this.tellMain(backRequest(change, config));
    return error;
  }

  /** An order that nobody waits for. */
  private tellMain(request: OutsideRequest): void {
    this.parts.send({ type: 'ask', id: 0, kind: 'apply', data: request });
  }

  /** `done` gets null or why the file could not be written. */
  rewriteConfig(session: Session, whole: boolean, done: (why: string | null) => void): void {
    this.ask(session, 'read-config', null, (answer) => {
      const { text } = answer as { text: string | null };
      const after = rewriteConfig(text, this.parts.config, undefined, whole);
      this.ask(session, 'write-config', after, (why) => () => done(why as string | null));
      return null;
    });
  }
}

/** What main has to do for the change, or null for nothing. */
function outsideRequest(change: Change, config: Config): OutsideRequest | null {
  const { async } = change;
  if (!async.some((name) => APPLIED_BY_MAIN.includes(name))) return null;
  const wanted = new Map(change.entries.map(({ name, after }) => [name, after]));
  const value = (name: string) => wanted.get(name) ?? config.value(name);
  const listens = async.includes('port') || async.includes('bind');
  const oom = async.find((name) => name.startsWith('oom-'));
  return {
    directory: async.includes('dir') ? String(value('dir')) : null,
    listen: listens
      ? {
          bind: String(value('bind')),
          port: Number(value('port')),
          backlog: config.number('tcp-backlog'),
          blame: async.includes('port') ? 'port' : 'bind',
        }
      : null,
    title: async.includes('proc-title-template') ? String(value('proc-title-template')) : null,
    oom: oom === undefined ? null : oomWanted(value, oom),
    oomBefore: oom === undefined ? null : oomWanted((name) => config.value(name), oom),
  };
}

function oomWanted(value: (name: string) => Value, blame: string): OomWanted {
  return { mode: String(value('oom-score-adj')), scores: String(value('oom-score-adj-values')), blame };
}

/** The same for the way back: the values in force. */
function backRequest(change: Change, config: Config): OutsideRequest {
  const back = change.entries.map((entry) => ({ ...entry, after: config.value(entry.name) }));
  return outsideRequest({ ...change, entries: back }, config)!;
}

/** The change with the working directory as the operating system tells it. */
function withDirectory(change: Change, directory: string | null): Change {
  if (directory === null) return change;
  const resolve = (entry: ChangeEntry) => (entry.name === 'dir' ? { ...entry, after: directory } : entry);
  return { ...change, entries: change.entries.map(resolve) };
}

/** The name under which the client gave a directive. */
function shownName(change: Change, name: string): string {
  return change.entries.find((entry) => entry.name === name)?.shown ?? name;
}
