/**
 * Records of the request ring that are not commands: a connection has been opened or closed, its peer sends no more or broke the protocol, its output
 * has drained. Some of them take their place among the requests of the session, and so wait with those while it is parked.
 */
import type { Server } from '../commands/server.ts';
import { GATE_AUTH, GATE_CLOSING, GATE_PARKED, GATE_REPLY, Session } from '../commands/session.ts';
import { FRAME_BARRIER, FRAME_FORGOTTEN } from '../ring/reply-ring.ts';
import {
  DESCRIPTOR_SIZE,
  DESCRIPTOR_START,
  REQUEST_BARRIER,
  REQUEST_CLOSED,
  REQUEST_DRAINED,
  REQUEST_END,
  REQUEST_PROTOCOL_ERROR,
} from '../ring/request-ring.ts';
import type { ClientTracking } from '../tracking/tracking.ts';
import type { SessionTransactions } from '../transactions/transactions.ts';
import type { BlockedClients } from './blocked-clients.ts';
import type { ChannelEnd } from './channel-end.ts';
import type { DiscardedReplies } from './discarded-replies.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Monitors } from './monitors.ts';
import type { Pause } from './pause.ts';

export interface SessionRecordParts {
  server: Server;
  dispatcher: Dispatcher;
  blocked: BlockedClients;
  pause: Pause;
  tracking: ClientTracking;
  monitors: Monitors;
  transactions: SessionTransactions;
  discarded: DiscardedReplies;
}

export class SessionRecords {
  private readonly parts: SessionRecordParts;
  private nextSessionId = 1;

  constructor(parts: SessionRecordParts) {
    this.parts = parts;
  }

  /** A connection has come: `addresses` are its peer's and ours. */
  open(channel: ChannelEnd, slot: number, addresses: string): void {
    const { server } = this.parts;
    const [address, local] = addresses.split(' ');
    const session = new Session(
      this.nextSessionId++,
      slot,
      channel,
      address,
      local ?? '',
      server.keyspace.databases[0],
      server.nowMs,
    );
    session.authenticated = server.config.string('requirepass') === '';
    if (!session.authenticated) session.gate |= GATE_AUTH;
    channel.sessions[slot] = session;
    channel.setAuthenticated(session);
    server.sessions.set(session.id, session);
    server.stats.connections++;
  }

  /** Takes the record at `at` of the ring, of a session that is open. False when it must wait for room. */
  take(channel: ChannelEnd, session: Session, kind: number, at: number): boolean {
    if (kind === REQUEST_CLOSED) this.closed(channel, session);
    else if (kind === REQUEST_DRAINED) channel.pump(session);
    else return this.takeInOrder(channel, session, kind, recordText(channel, at));
    return true;
  }

  /** A record that takes its place among the session's requests. False when it must wait for room. */
  takeInOrder(channel: ChannelEnd, session: Session, kind: number, text: string): boolean {
    const { blocked, pause } = this.parts;
    if (kind === REQUEST_END && (blocked.has(session.id) || pause.has(session))) this.endOfWaiting(session);
    if ((session.gate & GATE_PARKED) !== 0) session.parkedRequests.push({ record: kind, text });
    else if (kind === REQUEST_BARRIER) channel.signal(FRAME_BARRIER, session);
    else if (kind === REQUEST_END) endOfInput(channel, session);
    else if (kind === REQUEST_PROTOCOL_ERROR) return this.protocolError(channel, session, text);
    return true;
  }

  /** The io worker has closed the socket: forgets the session and lets the slot be used again. */
  private closed(channel: ChannelEnd, session: Session): void {
    const { blocked, monitors, pause, server, tracking, transactions } = this.parts;
    session.gate |= GATE_CLOSING;
    server.sessions.delete(session.id);
    blocked.remove(session);
    pause.remove(session);
    transactions.discard(session);
    server.pubsub.forget(session);
    tracking.disable(session);
    monitors.remove(session);
    channel.drop(session);
    channel.signalSlot(FRAME_FORGOTTEN, session.slot);
  }

  /** A client that waits for a key has gone: what it waits for, and what it sent behind, is for nobody. */
  private endOfWaiting(session: Session): void {
    this.parts.blocked.remove(session);
    this.parts.pause.remove(session);
    session.parkedRequests.length = 0;
    session.parkedBytes = 0;
    session.gate &= ~GATE_PARKED;
  }

  private protocolError(channel: ChannelEnd, session: Session, text: string): boolean {
    const { discarded, dispatcher } = this.parts;
    if ((session.gate & GATE_CLOSING) !== 0) return true;
    if (!channel.begin(session)) return false;
    const writer = (session.gate & GATE_REPLY) !== 0 ? discarded.for(session) : channel.reply;
    writer.error(`ERR ${text}`);
    dispatcher.countFailure(null, writer);
    channel.closeAfterReply(session);
    return true;
  }
}

/** The peer sends no more: what came before is answered, then the socket is closed. */
function endOfInput(channel: ChannelEnd, session: Session): void {
  if ((session.gate & GATE_CLOSING) === 0) channel.closeAfterReply(session);
}

/** The text that the record at `at` of the ring carries. */
export function recordText({ requests }: ChannelEnd, at: number): string {
  const { bytes, words } = requests;
  const start = words[at + DESCRIPTOR_START];
  let text = '';
  for (let i = 0; i < words[at + DESCRIPTOR_SIZE]; i++) text += String.fromCharCode(bytes[start + i]);
  return text;
}
