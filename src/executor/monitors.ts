/**
 * MONITOR: clients that are shown every command, as it was run.
 *
 *   +1339518083.107412 [0 127.0.0.1:60866] "keys" "*"
 *
 * A command is shown when it has run, so those of a transaction stand before its EXEC. What is refused before it runs is not shown, nor is what
 * administrates (ADMIN, SKIP_MONITOR); passwords are left out. The lines go to the outbox, are made once and sent to all monitors alike.
 */
import type { Clock } from '../base/clock.ts';
import type { Call } from '../commands/call.ts';
import { ADMIN, type Command, SKIP_MONITOR } from '../commands/define.ts';
import { GATE_PUSHED, type Session } from '../commands/session.ts';
import type { Outbox } from '../pubsub/outbox.ts';

const SECRET = '"(redacted)"';
const US = 1_000_000;
/** The finer clock is set anew when it is off by more than that. */
const DRIFT_US = 2000;
const ESCAPES = new Map([
  ['\\', '\\\\'],
  ['"', '\\"'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
]);
/** What does not stand for itself. */
const ESCAPED = /[^ !#-[\]-~]/g;

export class Monitors {
  private readonly sessions = new Set<Session>();
  private readonly audience = { subscribers: this.sessions };
  private readonly outbox: Outbox;
  private readonly clock: Clock;
  private offsetUs = 0;
  /** Called when the first one comes and when the last one goes. */
  onInterest: () => void = () => {};

  constructor(outbox: Outbox, clock: Clock) {
    this.outbox = outbox;
    this.clock = clock;
  }

  get count(): number {
    return this.sessions.size;
  }

  add(session: Session): void {
    session.monitors = true;
    session.gate |= GATE_PUSHED;
    this.sessions.add(session);
    session.link.setMonitoring(session, true);
    this.onInterest();
  }

  remove(session: Session): void {
    if (!session.monitors) return;
    session.monitors = false;
    this.sessions.delete(session);
    session.link.setMonitoring(session, false);
    this.onInterest();
  }

  /** The command of the call has run. */
  show(call: Call, command: Command): void {
    if ((command.flags & (ADMIN | SKIP_MONITOR)) !== 0) return;
    const { session } = call;
    const from = session.address.startsWith('/') ? `unix:${session.address.slice(0, -2)}` : session.address;
    let line = `+${this.time()} [${session.db.index} ${from}]`;
    for (let i = 0; i < call.argc; i++)
      line += ` ${isSecret(call, command, i) ? SECRET : quoted(call.text(i))}`;
    const writer = this.outbox.begin(this.audience);
    writer.latin1(line);
    writer.crlf();
    this.outbox.end();
  }

  /** Seconds of the wall clock with microseconds. */
  private time(): string {
    const { clock } = this;
    const wall = clock.nowMs() * 1000;
    if (Math.abs(clock.monotonicUs() + this.offsetUs - wall) > DRIFT_US)
      this.offsetUs = wall - clock.monotonicUs();
    const us = Math.floor(clock.monotonicUs() + this.offsetUs);
    return `${Math.floor(us / US)}.${String(us % US).padStart(6, '0')}`;
  }
}

/** Whether argument `index` is a password, or a user's name beside one. */
function isSecret(call: Call, command: Command, index: number): boolean {
  if (command.name === 'AUTH') return index > 0 && call.argc <= 3;
  if (command.name !== 'HELLO') return false;
  for (let i = Math.max(2, index - 2); i < index; i++) if (call.is(i, 'AUTH')) return true;
  return false;
}

/** The text between quotes, with what cannot be printed escaped. */
function quoted(text: string): string {
  return `"${text.replace(ESCAPED, (char) => ESCAPES.get(char) ?? hex(char))}"`;
}

function hex(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
