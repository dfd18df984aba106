/**
 * client-output-buffer-limit: a client whose unread replies exceed the hard limit, or the soft limit for as long as it
 * says, is disconnected and its replies are freed.
 */
import type { Server } from '../commands/server.ts';
import type { Session } from '../commands/session.ts';

interface Limit {
  hardBytes: number;
  softBytes: number;
  softSeconds: number;
}

export class OutputLimits {
  private readonly server: Server;
  private text = '';
  private normal: Limit = { hardBytes: 0, softBytes: 0, softSeconds: 0 };

  constructor(server: Server) {
    this.server = server;
  }

  /** Looks at every client that has replies waiting. */
  check(): void {
    this.readLimits();
    const { hardBytes, softBytes } = this.normal;
    if (hardBytes === 0 && softBytes === 0) return;
    for (const session of this.server.sessions.values()) {
      if (session.spill !== null) this.checkSession(session);
      else session.softLimitSinceMs = 0;
    }
  }

  /** The directive is read again when its text has changed: `normal 0 0 0 slave ... pubsub ...`. */
  private readLimits(): void {
    const text = this.server.config.get(['client-output-buffer-limit'])[0]?.[1] ?? '';
    if (text === this.text) return;
    this.text = text;
    const words = text.split(' ');
    const at = words.indexOf('normal');
    this.normal = {
      hardBytes: Number(words[at + 1]),
      softBytes: Number(words[at + 2]),
      softSeconds: Number(words[at + 3]),
    };
  }

  private checkSession(session: Session): void {
    const bytes = session.link.outputBacklog(session);
    if (this.exceeds(session, bytes)) {
      this.server.stats.outputLimitDisconnections++;
      this.server.services.log(
        'warning',
        `Client id=${session.id} addr=${session.address} scheduled to be closed ASAP for overcoming of output buffer limits.`,
      );
      session.link.close(session);
    }
  }

  private exceeds(session: Session, bytes: number): boolean {
    const { hardBytes, softBytes, softSeconds } = this.normal;
    if (hardBytes > 0 && bytes >= hardBytes) return true;
    if (softBytes === 0 || bytes < softBytes) {
      session.softLimitSinceMs = 0;
      return false;
    }
    if (session.softLimitSinceMs === 0) session.softLimitSinceMs = this.server.nowMs;
    return this.server.nowMs - session.softLimitSinceMs > softSeconds * 1000;
  }
}
