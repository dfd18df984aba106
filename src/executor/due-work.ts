/**
 * What the executor does beside requests, a slice of each in every turn: cron, clients whose time to wait is over, keys whose time has come,
 * eviction, defragmentation, saving and loading, lazy freeing.
 */
import type { Server } from '../commands/server.ts';
import type { Eviction } from '../keyspace/eviction.ts';
import type { ClientTracking } from '../tracking/tracking.ts';
import type { BlockedClients } from './blocked-clients.ts';
import type { ChannelEnd } from './channel-end.ts';
import type { CommandObservers } from './command-observers.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { ExecutorFigures } from './executor-figures.ts';
import { GATE_MAXMEMORY, GATE_PAUSED } from './gates.ts';
import type { ParkedSessions } from './parked-sessions.ts';
import type { Pause } from './pause.ts';

const IDLE_CRON_MS = 250;
/** Keys expired between two batches at most: a slice of some 50 us. */
const EXPIRE_SLICE = 100;

export interface DueWorkParts {
  server: Server;
  channels: readonly ChannelEnd[];
  dispatcher: Dispatcher;
  observers: CommandObservers;
  parked: ParkedSessions;
  blocked: BlockedClients;
  pause: Pause;
  tracking: ClientTracking;
  figures: ExecutorFigures;
  /** Saving and loading: a slice between batches; true while there is more to do at once. */
  persist: () => boolean;
  /** Brings up to date what clients' buffers take; called in every turn while memory is limited. */
  countClients: () => void;
  /** Work of every 1/hz seconds: figures, idle rehash, limits. Returns nothing, takes microseconds. */
  cron: () => void;
}

export class DueWork {
  private readonly parts: DueWorkParts;
  private readonly server: Server;
  private readonly dispatcher: Dispatcher;
  private readonly blocked: BlockedClients;
  private readonly pause: Pause;
  private readonly eviction: Eviction;
  private nextCronMs = 0;
  private commandsAtCron = 0;
  /** When expiry was last looked at, and whether it had more to do. */
  private expireLookMs = 0;
  private expireMore = false;
  /** What happens is not the doing of a command. */
  private byItself = false;

  constructor(parts: DueWorkParts) {
    const { dispatcher, server } = parts;
    this.parts = parts;
    this.server = server;
    this.dispatcher = dispatcher;
    this.blocked = parts.blocked;
    this.pause = parts.pause;
    this.eviction = server.keyspace.eviction;
    parts.tracking.running = () => (this.byItself ? null : dispatcher.call.session);
  }

  /** When the next timer is due, on the clock of the server. */
  get nextMs(): number {
    const { dispatcher, server } = this;
    let due = this.nextCronMs;
    if (this.expires) {
      for (const db of server.keyspace.databases) if (db.nextExpireMs < due) due = db.nextExpireMs;
    }
    if ((dispatcher.gate & GATE_PAUSED) !== 0) due = Math.min(due, this.pause.untilMs + 1);
    return Math.min(due, this.blocked.nextDueMs, server.keyspace.defrag.dueMs);
  }

  /** A slice of each. Returns true while there is more to do at once. */
  run(): boolean {
    const { blocked, dispatcher, parts, server } = this;
    let more = false;
    if (server.nowMs >= this.nextCronMs) this.runCron();
    if (server.nowMs >= blocked.nextDueMs) blocked.expire(server.nowMs, parts.parked);
    if ((dispatcher.gate & GATE_PAUSED) !== 0) this.pause.look();
    if (this.pause.isOver) parts.parked.resumePostponed();
    // Nothing can have fallen due since the last look of the same millisecond.
    if (this.expires && (this.expireMore || server.nowMs !== this.expireLookMs)) more = this.expireKeys();
    if ((dispatcher.gate & GATE_MAXMEMORY) !== 0) parts.countClients();
    if (this.eviction.pending && !server.loading && this.eviction.proceed()) more = true;
    if (server.nowMs >= server.keyspace.defrag.dueMs && !server.loading) this.defragment();
    if (parts.persist()) more = true;
    if (blocked.hasWork) parts.parked.serve();
    parts.observers.log?.publish();
    if (this.freeLazily()) more = true;
    return more;
  }

  private runCron(): void {
    const { channels, cron, figures } = this.parts;
    const { clock } = this.server;
    this.nextCronMs = this.server.nowMs + this.cronPeriodMs();
    const startUs = clock.monotonicUs();
    cron();
    figures.cronUs += clock.monotonicUs() - startUs;
    for (const channel of channels) channel.flush();
  }

  /** hz times a second; less often while nobody asks for anything, because waking up is all that an idle server does. */
  private cronPeriodMs(): number {
    const period = Math.max(2, Math.floor(1000 / this.server.config.number('hz')));
    const { commands } = this.parts.figures;
    const idle = commands === this.commandsAtCron;
    this.commandsAtCron = commands;
    return idle ? Math.max(period, IDLE_CRON_MS) : period;
  }

  /** Keys are deleted when their time has come, whether somebody asks for them or not. */
  private get expires(): boolean {
    const { server } = this;
    return server.activeExpireEnabled && !server.loading && !server.keyspace.frozen;
  }

  /** True when there are more of them than fit in a slice. */
  private expireKeys(): boolean {
    this.expireLookMs = this.server.nowMs;
    this.byItself = true;
    this.expireMore = this.expireSlice();
    this.byItself = false;
    return this.expireMore;
  }

  private expireSlice(): boolean {
    let left = EXPIRE_SLICE;
    const { server } = this;
    let startUs = -1;
    for (const db of server.keyspace.databases) {
      if (db.nextExpireMs > server.nowMs) continue;
      if (startUs < 0) startUs = server.clock.monotonicUs();
      left -= db.expireDue(left);
      if (left <= 0) break;
    }
    if (left <= 0) server.stats.expireLimits++;
    if (startUs >= 0) this.countExpireTime(server.clock.monotonicUs() - startUs);
    return left <= 0;
  }

  private countExpireTime(us: number): void {
    this.server.stats.expireUs += us;
    this.server.latency.add('expire-cycle', us / 1000);
  }

  private defragment(): void {
    const { keyspace, latency } = this.server;
    const { defrag } = keyspace;
    const before = defrag.totalUs;
    defrag.slice();
    latency.add('active-defrag-cycle', (defrag.totalUs - before) / 1000);
  }

  /** True when there is more to free. */
  private freeLazily(): boolean {
    const { lazyFree } = this.server.keyspace;
    const more = lazyFree.busy && lazyFree.run();
    if (lazyFree.buffers.length > 0) {
      this.server.services.release(lazyFree.buffers);
      lazyFree.buffers = [];
    }
    return more;
  }
}
