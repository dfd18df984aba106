/**
 * What clients make the server hold: requests that are not whole yet or wait, and replies that they have not taken. It counts as used memory,
 * so that a few clients that do not read make keys go rather than the server.
 *
 * The numbers lie in memory that io workers write, so nobody is told when one changes: they are added up anew, in every millisecond in which
 * the executor does something while there is a limit, less often when there are many clients, and by the cron when there is none.
 */
import { isOpen, memoryOf } from '../commands/client-memory.ts';
import type { Server } from '../commands/server.ts';

/** One millisecond for so many clients. */
const CLIENTS_PER_MS = 500;

export class HeldByClients {
  private readonly server: Server;
  private dueMs = 0;

  constructor(server: Server) {
    this.server = server;
  }

  /** count() when it is time. */
  countIfDue(): void {
    if (this.server.nowMs >= this.dueMs) this.count();
  }

  count(): void {
    const { keyspace, nowMs, sessions } = this.server;
    let bytes = 0;
    for (const session of sessions.values()) {
      if (!isOpen(session)) continue;
      // Replies are on their way all the time: as Redis does not count a client's own reply buffer, nor is as much counted here.
      const held = memoryOf(session);
      bytes += held.input + held.arguments + held.queued + held.beyond;
    }
    keyspace.eviction.clientBytes = bytes;
    this.dueMs = nowMs + 1 + Math.floor(sessions.size / CLIENTS_PER_MS);
  }
}
