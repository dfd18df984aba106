/**
 * client-output-buffer-limit: a client that makes the server hold more replies than that is disconnected.
 *
 *   hard limit   at once: the channel's end asks before it holds another piece (refuses()), so that not even one command's
 *                reply can grow beyond it
 *   soft limit   by the cron: above it for longer than the seconds it names
 *   no password  a client that has not said who it is may not make the server hold anything beyond its credit
 *
 * What counts is what the client has not taken: bytes in the ring, at the io worker and in the session's own queue.
 */
import type { Server } from '../commands/server.ts';
import { GATE_AUTH, GATE_CLOSING, GATE_PUBSUB, type Session } from '../commands/session.ts';
import { type BufferLimit, outputBufferLimits } from '../config/special-types.ts';

const DIRECTIVE = 'client-output-buffer-limit';

export class OutputLimits {
  private readonly server: Server;
  private normal!: BufferLimit;
  private pubsub!: BufferLimit;

  constructor(server: Server) {
    this.server = server;
    const read = () => {
      ({ normal: this.normal, pubsub: this.pubsub } = outputBufferLimits(server.config.string(DIRECTIVE)));
    };
    read();
    server.config.onChange(DIRECTIVE, read);
  }

  /** The hard limit of the session in bytes, 0 for none. */
  hardBytesOf(session: Session): number {
    return this.limitOf(session).hardBytes;
  }

  /** A client that is subscribed to something has limits of its own. */
  private limitOf(session: Session): BufferLimit {
    return (session.gate & GATE_PUBSUB) !== 0 ? this.pubsub : this.normal;
  }

  /** Whether the server is not to hold `bytes` of replies for the session; it is then being disconnected. */
  refuses(session: Session, bytes: number): boolean {
    const { hardBytes } = this.limitOf(session);
    if (hardBytes === 0 || bytes < hardBytes) return false;
    this.disconnect(session);
    return true;
  }

  /** Looks at every client. */
  check(): void {
    for (const session of this.server.sessions.values()) {
      if ((session.gate & GATE_CLOSING) === 0 && this.exceeds(session)) this.disconnect(session);
    }
  }

  private exceeds(session: Session): boolean {
    if (session.spill !== null && (session.gate & GATE_AUTH) !== 0) return true;
    const { hardBytes, softBytes, softSeconds } = this.limitOf(session);
    if (hardBytes === 0 && softBytes === 0) return false;
    const bytes = session.link.outputBacklog(session);
    if (hardBytes > 0 && bytes >= hardBytes) return true;
    if (softBytes === 0 || bytes < softBytes) {
      session.softLimitSinceMs = 0;
      return false;
    }
    if (session.softLimitSinceMs === 0) session.softLimitSinceMs = this.server.nowMs;
    return this.server.nowMs - session.softLimitSinceMs > softSeconds * 1000;
  }

  private disconnect(session: Session): void {
    const { services, stats } = this.server;
    stats.outputLimitDisconnections++;
    services.log(
      'warning',
      `Client id=${session.id} addr=${session.address} scheduled to be closed ASAP for overcoming of output buffer limits.`,
    );
    session.link.close(session);
  }
}
