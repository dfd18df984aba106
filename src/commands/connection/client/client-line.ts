/** A line of CLIENT LIST, and what CLIENT INFO says of the connection that asks. What its figures mean: ../../client-memory.ts. */
import type { Call } from '../../call.ts';
import { memoryOf } from '../../client-memory.ts';
import { GATE_CLOSING, GATE_MULTI, GATE_PUBSUB, type Session } from '../../session.ts';

/** What `session` looks like now, for the client of `call`. No line end. */
export function clientLine(call: Call, session: Session): string {
  const { link } = session;
  const { nowMs, is72 } = call.server;
  const asks = session === call.session;
  const memory = asks ? memoryOf(session, requestSize(call), argumentSize(call)) : memoryOf(session);
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
    `qbuf=${memory.input} qbuf-free=${memory.inputFree}`,
    `argv-mem=${memory.arguments} multi-mem=${memory.queued}`,
    'rbs=0 rbp=0',
    `obl=${memory.output - memory.beyond} oll=${memory.pieces} omem=${memory.beyond}`,
    `tot-mem=${memory.total}`,
    `events=${memory.output > 0 && !asks ? 'rw' : 'r'}`,
    // A client can only ask from within a transaction while EXEC runs it.
    `cmd=${asks && session.queue !== null ? 'exec' : (command?.fullName ?? 'NULL')}`,
    `user=${session.user}`,
    `redir=${session.tracking?.redirect ?? -1}`,
    `resp=${session.resp}`,
  ];
  if (is72) {
    fields.push(`lib-name=${session.libName}`, `lib-ver=${session.libVersion}`);
    // Valkey's.
    fields.push(`tot-net-in=${link.inputBytes(session)}`, `tot-net-out=${link.outputBytes(session)}`);
    fields.push(`tot-cmds=${session.commands}`, `capa=${session.capabilities}`);
  }
  return fields.join(' ');
}

function seconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000));
}

/** The letters that stand for what the session is and does. */
export function flagsOf(call: Call, session: Session): string {
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
