/**
 * A line of CLIENT LIST, and what CLIENT INFO says of the connection that asks.
 *
 * Every figure is real, but the memory model is not Redis's, so some of them mean less here:
 *
 *   qbuf        bytes of this client that are read but not executed: an unfinished command, or commands behind a
 *               blocking one. For the client that asks, the size of its own command.
 *   qbuf-free   0: sockets share one read buffer per io worker, so nothing is kept free for one client
 *   rbs rbp     0: replies are written to the ring, there is no buffer per client
 *   multi-mem   the buffer of what MULTI has queued
 *   obl         reply bytes on the way to the socket: in the ring or at the io worker
 *   oll omem    chunks and bytes of the queue of replies that wait because the client does not read
 *   tot-mem     what the client makes this server hold
 *
 * A client of compat-version 7.2 sees lib-name and lib-ver too.
 */
import type { Call } from '../../call.ts';
import { GATE_CLOSING, GATE_MULTI, GATE_PUBSUB, type Session } from '../../session.ts';

/** Objects of a connection in both threads and its row in the connection table: measured, 1,000 idle connections. */
const CONNECTION_BYTES = 6_500;

/** What `session` looks like now, for the client of `call`. No line end. */
export function clientLine(call: Call, session: Session): string {
  const { link } = session;
  const { nowMs, is72 } = call.server;
  const asks = session === call.session;
  const argumentBytes = asks ? argumentSize(call) : 0;
  const inputBytes = asks ? requestSize(call) : link.queryBufferBytes(session);
  const spilled = link.spillBytes(session);
  const underWay = Math.max(0, link.outputBacklog(session) - spilled);
  const queued = session.queue?.capacity ?? 0;
  const total = CONNECTION_BYTES + inputBytes + argumentBytes + queued + underWay + spilled;
  const [channels, patterns, shards] = session.subscriptions;
  const command = asks ? call.command : session.lastCommand;
  const fields = [
    `id=${session.id}`,
    `addr=${session.address}`,
    `laddr=${session.localAddress}`,
    `fd=${link.fd(session)}`,
    `name=${session.name}`,
    `age=${seconds(nowMs - session.createdMs)}`,
    `idle=${asks ? 0 : seconds(nowMs - session.lastCommandMs)}`,
    `flags=${flagsOf(call, session)}`,
    `db=${session.db.index}`,
    `sub=${channels} psub=${patterns} ssub=${shards} multi=${session.queue?.count ?? -1}`,
    ...(is72 ? [`watch=${session.watchCount}`] : []),
    `qbuf=${inputBytes} qbuf-free=0`,
    `argv-mem=${argumentBytes} multi-mem=${queued}`,
    'rbs=0 rbp=0',
    `obl=${underWay} oll=${link.spillChunks(session)} omem=${spilled}`,
    `tot-mem=${total}`,
    `events=${underWay + spilled > 0 && !asks ? 'rw' : 'r'}`,
    // A client can only ask from within a transaction while EXEC runs it.
    `cmd=${asks && session.queue !== null ? 'exec' : (command?.fullName ?? 'NULL')}`,
    `user=${session.user}`,
    `redir=${session.tracking?.redirect ?? -1}`,
    `resp=${session.resp}`,
  ];
  if (is72) fields.push(`lib-name=${session.libName}`, `lib-ver=${session.libVersion}`);
  return fields.join(' ');
}

function seconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000));
}

function flagsOf(call: Call, session: Session): string {
  let flags = session.monitors ? 'O' : '';
  if ((session.gate & GATE_PUBSUB) !== 0) flags += 'P';
  if ((session.gate & GATE_MULTI) !== 0) flags += 'x';
  if (call.server.blocking.has(session.id) || call.server.pausing.has(session)) flags += 'b';
  if (session.tracking !== null) flags += 't';
  if (session.tracking?.brokenRedirect) flags += 'R';
  if (session.tracking?.broadcast) flags += 'B';
  if (session.watchBroken) flags += 'd';
  if ((session.gate & GATE_CLOSING) !== 0) flags += 'A';
  if (session.address.startsWith('/')) flags += 'U';
  if (session.noEvict) flags += 'e';
  if (session.noTouch) flags += 'T';
  return flags === '' ? 'N' : flags;
}

function argumentSize(call: Call): number {
  let sum = 0;
  for (let i = 0; i < call.argc; i++) sum += call.size(i);
  return sum;
}

/** Bytes of the command as an array of bulk strings, which nearly all clients send. */
function requestSize(call: Call): number {
  let sum = 3 + String(call.argc).length;
  for (let i = 0; i < call.argc; i++) sum += 5 + String(call.size(i)).length + call.size(i);
  return sum;
}
