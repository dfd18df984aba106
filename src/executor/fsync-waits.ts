/**
 * Clients that wait until what they wrote is on disk: WAITAOF.
 *
 * Each session knows where the log ended after its last logged command; bio tells how far an fsync has come (LOG_FSYNCED). While somebody
 * waits, FSYNC_AWAITED makes bio ring the executor's doorbell after each fsync, and look() is called in the turn that follows.
 */
import type { TimeoutReply } from '../commands/blocking.ts';
import type { Fsyncs } from '../commands/fsyncs.ts';
import type { Session } from '../commands/session.ts';
import { FSYNC_AWAITED } from '../ring/layout.ts';
import { LOG_FSYNCED, readPosition } from '../ring/log-ring.ts';
import type { BlockedClients } from './blocked-clients.ts';

export class FsyncWaits implements Fsyncs {
  /** Set while commands are logged. */
  isLogging = false;
  private readonly process: Int32Array;
  private readonly log: Int32Array;
  private readonly blocked: BlockedClients;
  private waiting: { session: Session; answer: TimeoutReply }[] = [];

  constructor(process: Int32Array, log: Int32Array, blocked: BlockedClients) {
    this.process = process;
    this.log = log;
    this.blocked = blocked;
  }

  covers(session: Session): boolean {
    return this.isLogging && readPosition(this.log, LOG_FSYNCED) >= session.logPosition;
  }

  release(session: Session, answer: TimeoutReply): void {
    this.waiting.push({ session, answer });
    Atomics.store(this.process, FSYNC_AWAITED, 1);
  }

  /** Lets those go on whose wait is over. Costs a comparison while nobody waits. */
  look(): void {
    if (this.waiting.length === 0) return;
    this.waiting = this.waiting.filter(({ session, answer }) => {
      if (!this.blocked.has(session.id)) return false;
      if (this.isLogging && !this.covers(session)) return true;
      this.blocked.release(session.id, answer);
      return false;
    });
    if (this.waiting.length === 0) Atomics.store(this.process, FSYNC_AWAITED, 0);
  }
}
