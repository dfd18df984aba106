/**
 * maxmemory-clients: what all clients together may make the server hold. When it is more, those that hold the most are disconnected, until it is
 * not.
 *
 * The sum is kept up to date by the client whose command is about to run; what io workers do meanwhile (input that is arriving, replies that are
 * taken) shows when all clients are counted: by the cron, before a command of an administrator, and when the sum seems too high. Clients with
 * CLIENT NO-EVICT count, but stay. While the directive is 0, nobody is counted.
 *
 * Clients are ranked by powers of two, as in Redis; of those that hold about the same, the older go first.
 */
import type { Call } from '../commands/call.ts';
import { isOpen, memoryOf } from '../commands/client-memory.ts';
import { ADMIN, type Command } from '../commands/define.ts';
import type { Server } from '../commands/server.ts';
import type { Session } from '../commands/session.ts';

export class ClientEviction {
  /** The most that clients may hold; 0 for no limit. */
  private limit = 0;
  private total = 0;
  /** Called after clients have been disconnected. */
  onEvicted: () => void = () => {};
  private readonly server: Server;

  constructor(server: Server) {
    this.server = server;
  }

  get isOn(): boolean {
    return this.limit > 0;
  }

  /** The directives, as they are now: bytes, or a share of maxmemory. */
  readSettings(): void {
    const { config } = this.server;
    const value = config.number('maxmemory-clients');
    this.limit = value < 0 ? Math.floor((config.number('maxmemory') * -value) / 100) : value;
  }

  /** Before a command runs; the client may be disconnected by it. */
  look(call: Call, command: Command): void {
    const { session } = call;
    let size = 0;
    for (let i = 0; i < call.argc; i++) size += call.size(i);
    const { total } = memoryOf(session, 0, size);
    this.total += total - session.measuredBytes;
    session.measuredBytes = total;
    // Clients go before keys: replies to others, messages above all, may be why maxmemory is exceeded.
    const mayExceed = this.total > this.limit || this.server.keyspace.eviction.isExceeded;
    if (mayExceed || (command.flags & ADMIN) !== 0 || command.children !== null) this.count(session, size);
  }

  /** Counts all clients, `running` with the arguments of its command, and disconnects as many as have to be. */
  count(running: Session | null = null, size = 0): void {
    if (this.limit === 0) return;
    const { sessions } = this.server;
    this.total = 0;
    for (const session of sessions.values()) {
      if (!isOpen(session)) continue;
      session.measuredBytes = memoryOf(session, 0, session === running ? size : 0).total;
      this.total += session.measuredBytes;
    }
    if (this.total <= this.limit) return;
    this.evict(running);
    this.onEvicted();
  }

  /** The link of `running` is in the middle of a reply; it is flushed when the batch ends, and all are after the cron. */
  private evict(running: Session | null): void {
    const { server } = this;
    const ranked = [...server.sessions.values()].filter((session) => isOpen(session) && !session.noEvict);
    ranked.sort((a, b) => bucketOf(b) - bucketOf(a) || a.id - b.id);
    for (const session of ranked) {
      if (this.total <= this.limit) return;
      server.services.log(
        'notice',
        `Evicting client: id=${session.id} addr=${session.address} name=${session.name} tot-mem=${session.measuredBytes}`,
      );
      this.total -= session.measuredBytes;
      server.stats.evictedClients++;
      session.link.close(session);
      if (running !== null && session.link !== running.link) session.link.flush();
    }
    if (this.total > this.limit)
      server.services.log('warning', 'Over client maxmemory after evicting all evictable clients');
  }
}

function bucketOf({ measuredBytes }: Session): number {
  return 31 - Math.clz32(Math.min(measuredBytes, 0x7fffffff));
}
