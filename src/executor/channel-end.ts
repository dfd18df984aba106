/**
 * The executor's end of one io worker's channel: its sessions, and where their replies go.
 *
 * Replies are written straight into the reply ring. Consecutive replies to one session form a frame; the
 * frame is closed when another session's turn comes or the batch ends. A session whose replies the socket
 * does not take (more than REPLY_CREDIT bytes unacknowledged), or whose reply does not fit the ring, *spills*:
 * from then on its replies go to its own queue, and move to the ring as credit returns. What is counted by
 * client-output-buffer-limit is that queue and what is under way.
 *
 *   begin(session)   the writer now writes for this session
 *   ...handlers write...
 *   flush()          closes the open frame and publishes everything
 *
 * Invariants: 1. outside a frame the writer's region starts at the ring's tail; 2. a session with a spill queue
 * never has bytes written to the ring except by pump(), in order.
 */

import { copyBytes, newUnfilled } from '../base/bytes.ts';
import { GATE_CLOSING, type Link, type Session } from '../commands/session.ts';
import type { CommandLog } from '../persistence/aof/command-log.ts';
import { type ReplySink, ReplyWriter } from '../resp/reply-writer.ts';
import type { ChannelMemory } from '../ring/channel.ts';
import { LOG_NEEDED, REPLY_CREDIT } from '../ring/layout.ts';
import { storePosition } from '../ring/log-ring.ts';
import {
  BROADCAST_SLOT_BYTES,
  FRAME_CLOSE,
  FRAME_CLOSE_AFTER_WRITE,
  FRAME_PAUSE,
  FRAME_RESUME,
  ReplyRingWriter,
  wakeIoWorker,
} from '../ring/reply-ring.ts';
import { RequestReader } from '../ring/request-ring.ts';
import { ConnectionRows } from './connection-rows.ts';

/** A batch stops when the ring has less contiguous room than this: small replies never spill for lack of it. */
const ROOM_MIN = 4 << 10;
const CHUNK = 256 << 10;
const CHUNKS_KEPT = 64;
const freeChunks: Uint8Array[] = [];
const SCRAP = 4 << 10;
/** Bytes and receivers of one broadcast frame at most. */
const BROADCAST_PIECE = 64 << 10;
const BROADCAST_SESSIONS = 16 << 10;

/** client-output-buffer-limit, as far as it must be looked at before bytes are kept: output-limits.ts. */
export interface ReplyLimits {
  /** The most that the session may have unread, 0 for no limit. */
  hardBytesOf(session: Session): number;
  /** True when the session may not have `bytes` unread; it has then been told to close. */
  refuses(session: Session, bytes: number): boolean;
}

const NO_LIMITS: ReplyLimits = { hardBytesOf: () => 0, refuses: () => false };

export class ChannelEnd extends ConnectionRows implements ReplySink, Link {
  readonly worker: number;
  readonly requests: RequestReader;
  readonly reply: ReplyWriter;
  readonly control: Int32Array;
  readonly sessions: (Session | null)[] = [];
  /** True when a batch stopped for lack of room for replies. */
  full = false;
  /** Times the io worker had to be woken: a figure. */
  wakeups = 0;
  private readonly ring: ReplyRingWriter;
  private current: Session | null = null;
  private frameStart = 0;
  /** The writer points into the current session's spill queue. */
  private spilling = false;
  /** The writer points at memory whose content nobody will see: the rest of a reply that passed the limit. */
  private scrapping = false;
  private readonly scrap = new Uint8Array(SCRAP);
  limits: ReplyLimits = NO_LIMITS;
  /** What replies wait for; null while nothing is logged. */
  log: CommandLog | null = null;
  /** Nothing is published any more. */
  halted = false;
  private logTold = 0;
  /** Called when a reply does not fit the piece of memory it was begun in: some of the long ones. */
  onOverflow: (() => void) | null = null;
  /** Where the reply under way began in the writer's region, and what of it is in regions before. */
  private replyStart = 0;
  private replyBefore = 0;
  /** Control frames that found no room, in order. */
  private readonly unsent: Array<{ kind: number; slot: number }> = [];
  /** Sessions whose queue waits for room in the ring, not for their socket. */
  private readonly waitingForRoom = new Set<Session>();

  constructor(worker: number, memory: ChannelMemory) {
    super(memory);
    this.worker = worker;
    this.control = new Int32Array(memory.control);
    this.requests = new RequestReader(memory.control, memory.requestWords, memory.requestBytes);
    this.ring = new ReplyRingWriter(memory.control, memory.replyFrames, memory.replyBytes);
    this.reply = new ReplyWriter(this.ring.bytes, this);
    this.pointAtRing();
  }

  // --- writing for one session --------------------------------------------------------------------

  /** Before a batch, when no frame is open. */
  startBatch(): void {
    this.log?.startBatch(this.requests.bytes);
    this.ring.restartIfEmpty();
    this.pointAtRing();
  }

  /** Makes the writer write for `session`. False when the ring has no room: nothing may be executed then. */
  begin(session: Session): boolean {
    if (session === this.current) {
      this.startReply();
      return this.spilling || this.reply.limit - this.reply.pos >= ROOM_MIN || this.makeRoom();
    }
    this.closeFrame();
    if (session.spill === null && !this.hasRoom()) return false;
    this.current = session;
    this.reply.resp = session.resp;
    if (session.spill !== null) this.pointAtSpill(session);
    else this.frameStart = this.reply.pos;
    this.startReply();
    return true;
  }

  /** What is written from now on is a reply of its own, for replyBytes. begin() does it. */
  startReply(): void {
    this.replyStart = this.reply.pos;
    this.replyBefore = 0;
  }

  /** Bytes written since the reply was begun. */
  get replyBytes(): number {
    return this.replyBefore + this.reply.pos - this.replyStart;
  }

  /** begin() for a reply that cannot wait: when the ring has no room it goes to the session's own queue. */
  beginSpilled(session: Session): void {
    this.closeFrame();
    this.startSpilling(session);
    this.current = session;
    this.reply.resp = session.resp;
    this.pointAtSpill(session);
    this.startReply();
  }

  /** begin(), or beginSpilled() where that has no room. */
  beginAnyhow(session: Session): void {
    if (!this.begin(session)) this.beginSpilled(session);
  }

  private hasRoom(): boolean {
    if (!this.ring.hasFrames(2)) return this.refuse();
    if (this.reply.limit - this.reply.pos >= ROOM_MIN) return true;
    return this.makeRoom();
  }

  /** The region is nearly used up: looks for a larger one. */
  private makeRoom(): boolean {
    const session = this.current;
    this.closeFrame();
    this.ring.refresh();
    if (this.ring.contiguous < ROOM_MIN && this.ring.free > this.ring.contiguous) this.ring.skipToStart();
    this.pointAtRing();
    if (this.reply.limit - this.reply.pos < ROOM_MIN || !this.ring.hasFrames(2)) return this.refuse();
    if (session !== null && session.spill === null) {
      this.current = session;
      this.frameStart = this.reply.pos;
    } else if (session !== null) {
      this.current = session;
      this.pointAtSpill(session);
    }
    this.startReply();
    return true;
  }

  private refuse(): boolean {
    this.full = true;
    this.ring.wantRoom();
    return false;
  }

  private pointAtRing(): void {
    const { reply, ring } = this;
    const { at } = ring;
    reply.point(ring.bytes, ring.data, at, at + ring.contiguous);
    this.frameStart = reply.pos;
    this.spilling = false;
    this.scrapping = false;
  }

  /** What is written from now on is lost. */
  private pointAtScrap(): void {
    this.reply.point(this.scrap, new DataView(this.scrap.buffer), 0, SCRAP);
    this.spilling = true;
    this.scrapping = true;
  }

  /** Whether `more` bytes on top of what the session has unread pass the hard limit; it is then on its way out. */
  private passesLimit(session: Session, more: number): boolean {
    if (this.limits.hardBytesOf(session) === 0 || (session.gate & GATE_CLOSING) !== 0) return false;
    return this.limits.refuses(session, this.outputBacklog(session) + more);
  }

  /** Ends the open frame: what was written since begin() belongs to the current session. */
  closeFrame(): void {
    const session = this.current;
    if (session === null) return;
    this.current = null;
    if (this.spilling) {
      if (!this.scrapping) this.endSpill(session);
      this.pointAtRing();
      this.passesLimit(session, 0);
      return;
    }
    const size = this.reply.pos - this.frameStart;
    if (size === 0) return;
    if (this.passesLimit(session, size)) {
      this.pointAtRing();
      return;
    }
    this.ring.commit(session.slot, size);
    session.sent = (session.sent + size) | 0;
    this.frameStart = this.reply.pos;
    if (((session.sent - this.acked(session)) | 0) > REPLY_CREDIT) this.startSpilling(session);
  }

  overflow(writer: ReplyWriter, size: number): void {
    this.replyBefore = this.replyBytes;
    this.moveOn(writer, size);
    this.replyStart = writer.pos;
    this.onOverflow?.();
  }

  /** Closes what is written and points the writer at more memory. */
  private moveOn(writer: ReplyWriter, size: number): void {
    const session = this.current;
    if (session === null) throw new Error('a reply is written for nobody');
    if (this.scrapping) {
      writer.pos = 0;
      return;
    }
    if (this.spilling) {
      this.endSpill(session);
      if (this.passesLimit(session, 0)) this.pointAtScrap();
      else this.addChunk(session, writer);
      return;
    }
    this.closeFrame();
    this.current = session;
    if ((session.gate & GATE_CLOSING) !== 0 && this.limits.hardBytesOf(session) !== 0) {
      this.pointAtScrap();
      return;
    }
    if (session.spill === null && this.nextRegion(size)) return;
    if (session.spill === null) this.startSpilling(session);
    this.pointAtSpill(session);
    if (writer.limit - writer.pos < size || writer.pos === writer.limit) {
      this.endSpill(session);
      this.addChunk(session, writer);
    }
  }

  /** Another piece of the ring for the reply under way. */
  private nextRegion(size: number): boolean {
    const { ring } = this;
    ring.refresh();
    const wanted = size > 0 ? size : 1;
    if (ring.contiguous < wanted && ring.free > ring.contiguous) ring.skipToStart();
    if (ring.contiguous < wanted || !ring.hasFrames(2)) return false;
    this.pointAtRing();
    // A long reply is published as it grows, and never takes more than its credit at once.
    if (this.reply.limit - this.reply.pos > REPLY_CREDIT / 2)
      this.reply.limit = this.reply.pos + REPLY_CREDIT / 2;
    return true;
  }

  /** Publishes all replies. Returns true when the io worker had to be woken. */
  flush(): boolean {
    this.closeFrame();
    if (this.unsent.length > 0) this.retryUnsent();
    this.pointAtRing();
    if (this.log !== null) this.tellLog(this.log);
    if (!this.ring.dirty || this.halted) return false;
    const woken = this.ring.publish();
    if (woken) this.wakeups++;
    return woken;
  }

  /** What is published next depends on all that was logged before. */
  private tellLog(log: CommandLog): void {
    log.publish();
    if (log.position === this.logTold) return;
    this.logTold = log.position;
    storePosition(this.control, LOG_NEEDED, log.position);
  }

  // --- writing for many sessions ------------------------------------------------------------------

  broadcast(
    sessions: readonly Session[],
    count: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (count === 1) {
      this.sendTo(sessions[0], bytes, start, end);
      return;
    }
    this.closeFrame();
    let group = this.withoutSpilling(sessions, count, bytes, start, end);
    while (start < end && group.length > 0) {
      const size = Math.min(end - start, BROADCAST_PIECE);
      const many = Math.min(group.length, BROADCAST_SESSIONS);
      if (!this.makeBroadcastRoom(BROADCAST_SLOT_BYTES * many + size)) {
        for (const session of group) this.spillTo(session, bytes, start, end);
        break;
      }
      for (let from = 0; from < group.length; from += many) {
        const until = Math.min(group.length, from + many);
        if (from > 0 && !this.makeBroadcastRoom(BROADCAST_SLOT_BYTES * (until - from) + size)) {
          for (let i = from; i < group.length; i++) this.spillTo(group[i], bytes, start, end);
          group = group.slice(0, from);
          break;
        }
        this.ring.commitBroadcast(group, from, until, bytes, start, size);
      }
      start += size;
      group = this.stillWithCredit(group, size, bytes, start, end);
    }
    this.pointAtRing();
  }

  /** Writes the bytes for one session like any reply. */
  private sendTo(session: Session, bytes: Uint8Array, start: number, end: number): void {
    this.beginAnyhow(session);
    this.reply.raw(bytes, start, end);
  }

  /** Writes the bytes to the session's own queue. */
  private spillTo(session: Session, bytes: Uint8Array, start: number, end: number): void {
    this.beginSpilled(session);
    this.reply.raw(bytes, start, end);
    this.closeFrame();
  }

  /** The sessions that nothing waits for; the others get the bytes into their queues. */
  private withoutSpilling(
    sessions: readonly Session[],
    count: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): Session[] {
    const group: Session[] = [];
    for (let i = 0; i < count; i++) {
      const session = sessions[i];
      if (session.spill === null) group.push(session);
      else this.spillTo(session, bytes, start, end);
    }
    return group;
  }

  /** Counts `size` bytes that have been sent to the group. Those who have no credit left get the rest, [start..end), into their queues. */
  private stillWithCredit(
    group: Session[],
    size: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): Session[] {
    const rest: Session[] = [];
    for (const session of group) {
      session.sent = (session.sent + size) | 0;
      if (this.passesLimit(session, 0)) continue;
      if (((session.sent - this.acked(session)) | 0) <= REPLY_CREDIT) {
        rest.push(session);
        continue;
      }
      this.startSpilling(session);
      if (start < end) this.spillTo(session, bytes, start, end);
    }
    return rest;
  }

  private makeBroadcastRoom(size: number): boolean {
    const { ring } = this;
    ring.refresh();
    if (ring.contiguous < size && ring.free > ring.contiguous) ring.skipToStart();
    return ring.contiguous >= size && ring.hasFrames(2);
  }

  // --- spilling -----------------------------------------------------------------------------------

  private startSpilling(session: Session): void {
    if (session.spill !== null) return;
    session.spill = { chunks: [], sizes: [], offset: 0, bytes: 0 };
    this.setSpilling(session, true);
    // The io worker looks at that word after every write; when all is written already it will not look again.
    this.waitingForRoom.add(session);
  }

  private pointAtSpill(session: Session): void {
    const queue = session.spill!;
    const last = queue.chunks.length - 1;
    this.spilling = true;
    if (last < 0 || queue.sizes[last] === queue.chunks[last].length) {
      this.addChunk(session, this.reply);
      return;
    }
    const chunk = queue.chunks[last];
    this.reply.point(chunk, new DataView(chunk.buffer), queue.sizes[last], chunk.length);
  }

  private addChunk(session: Session, writer: ReplyWriter): void {
    const chunk = freeChunks.pop() ?? newUnfilled(CHUNK);
    session.spill!.chunks.push(chunk);
    session.spill!.sizes.push(0);
    writer.point(chunk, new DataView(chunk.buffer), 0, chunk.length);
  }

  /** Accounts for what the writer put into the queue's last chunk. */
  private endSpill(session: Session): void {
    const queue = session.spill!;
    const last = queue.chunks.length - 1;
    queue.bytes += this.reply.pos - queue.sizes[last];
    queue.sizes[last] = this.reply.pos;
  }

  /** Moves queued replies to the ring as far as credit and room go. */
  pump(session: Session): void {
    const queue = session.spill;
    if (queue === null || this.sessions[session.slot] !== session) {
      this.waitingForRoom.delete(session);
      return;
    }
    this.closeFrame();
    for (;;) {
      const credit = REPLY_CREDIT - ((session.sent - this.acked(session)) | 0);
      if (credit <= 0) {
        // An empty queue stays too: without it the next reply would go to the ring and pass its credit.
        this.waitingForRoom.delete(session);
        return;
      }
      if (queue.bytes === 0) break;
      if (!this.moveSome(session, credit)) {
        this.waitingForRoom.add(session);
        this.ring.wantRoom();
        return;
      }
    }
    this.waitingForRoom.delete(session);
    this.dropSpill(session);
    this.setSpilling(session, false);
    if (session.closeAfterSpill) this.signal(FRAME_CLOSE_AFTER_WRITE, session);
  }

  /** Moves at most `credit` bytes of the first chunk. False when the ring has no room. */
  private moveSome(session: Session, credit: number): boolean {
    const { ring } = this;
    const queue = session.spill!;
    ring.refresh();
    if (ring.contiguous < ROOM_MIN && ring.free > ring.contiguous) ring.skipToStart();
    if (ring.contiguous < ROOM_MIN || !ring.hasFrames(2)) return false;
    const size = Math.min(credit, ring.contiguous, queue.sizes[0] - queue.offset);
    copyBytes(queue.chunks[0], queue.offset, queue.offset + size, ring.bytes, ring.at);
    ring.commit(session.slot, size);
    session.sent = (session.sent + size) | 0;
    queue.offset += size;
    queue.bytes -= size;
    if (queue.offset === queue.sizes[0] && queue.bytes >= 0) this.dropFirstChunk(queue);
    this.pointAtRing();
    return true;
  }

  private dropFirstChunk(queue: NonNullable<Session['spill']>): void {
    keepChunk(queue.chunks.shift()!);
    queue.sizes.shift();
    queue.offset = 0;
  }

  private dropSpill(session: Session): void {
    for (const chunk of session.spill?.chunks ?? []) keepChunk(chunk);
    session.spill = null;
  }

  /** Pumps sessions that waited for the ring. Returns true when something moved. */
  pumpWaiting(): boolean {
    if (this.waitingForRoom.size === 0) return false;
    this.closeFrame();
    for (const session of [...this.waitingForRoom]) this.pump(session);
    return this.ring.dirty;
  }

  // --- control frames -----------------------------------------------------------------------------

  /** Sends a record that is not a reply, behind the replies written so far. */
  signal(kind: number, session: Session): void {
    this.signalSlot(kind, session.slot);
  }

  signalSlot(kind: number, slot: number): void {
    if (this.unsent.length > 0 || !this.ring.canSignal()) {
      this.unsent.push({ kind, slot });
      return;
    }
    const open = this.current;
    this.closeFrame();
    this.ring.signal(kind, slot);
    this.pointAtRing();
    if (open !== null) {
      this.current = open;
      if (open.spill !== null) this.pointAtSpill(open);
    }
  }

  private retryUnsent(): void {
    let sent = 0;
    while (sent < this.unsent.length && this.ring.canSignal()) {
      this.ring.signal(this.unsent[sent].kind, this.unsent[sent].slot);
      sent++;
    }
    this.unsent.splice(0, sent);
    if (this.unsent.length > 0) this.ring.wantRoom();
  }

  /** True when something waits for room in the ring that was not there when the executor looked. */
  get starved(): boolean {
    return this.full || this.unsent.length > 0 || this.waitingForRoom.size > 0;
  }

  /** True when the io worker has made room since. */
  get roomFreed(): boolean {
    return this.ring.roomFreed;
  }

  wake(): void {
    wakeIoWorker(this.control);
  }

  // --- Link ---------------------------------------------------------------------------------------

  close(session: Session): void {
    if ((session.gate & GATE_CLOSING) !== 0 && session.closeAfterSpill === false && session.spill === null)
      return;
    session.gate |= GATE_CLOSING;
    this.signal(FRAME_CLOSE, session);
  }

  closeAfterReply(session: Session): void {
    session.gate |= GATE_CLOSING;
    if (session.spill !== null) session.closeAfterSpill = true;
    else this.signal(FRAME_CLOSE_AFTER_WRITE, session);
  }

  pauseReading(session: Session): void {
    if (session.pausedReading) return;
    session.pausedReading = true;
    this.signal(FRAME_PAUSE, session);
  }

  resumeReading(session: Session): void {
    if (!session.pausedReading) return;
    session.pausedReading = false;
    this.signal(FRAME_RESUME, session);
  }

  /** Forgets a session whose socket is gone. */
  drop(session: Session): void {
    // The open frame may be another session's: it must not be lost by pointing elsewhere.
    this.closeFrame();
    this.dropSpill(session);
    this.waitingForRoom.delete(session);
    this.sessions[session.slot] = null;
    this.pointAtRing();
  }

  outputBacklog(session: Session): number {
    return ((session.sent - this.acked(session)) | 0) + (session.spill?.bytes ?? 0);
  }

  spillBytes(session: Session): number {
    return session.spill?.bytes ?? 0;
  }

  spillChunks(session: Session): number {
    return session.spill?.chunks.length ?? 0;
  }
}

function keepChunk(chunk: Uint8Array): void {
  if (freeChunks.length < CHUNKS_KEPT) freeChunks.push(chunk);
}
