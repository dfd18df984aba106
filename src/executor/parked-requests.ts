/**
 * Requests that wait in their session, in the order in which they came, until it goes on (parked-sessions.ts). Their bytes count as query buffer.
 */
import type { Call } from '../commands/call.ts';
import type { Command } from '../commands/define.ts';
import { GATE_PARKED } from '../commands/session.ts';
import type { ChannelEnd } from './channel-end.ts';

/** A session whose queue of parked requests holds more than this is not read any more. */
const PARKED_BYTES_MAX = 1 << 20;

/** Keeps the call behind what its session has parked; a long queue stops the reading. `commandId` is -1 for an unknown command. */
export function parkRequest(call: Call, commandId: number): void {
  const { session } = call;
  const request = call.retain();
  request.commandId = commandId;
  session.parkedRequests.push(request);
  session.parkedBytes += request.bytes.length;
  if (session.parkedBytes > PARKED_BYTES_MAX) (session.link as ChannelEnd).pauseReading(session);
}

/** Keeps the call, of a session that now waits, as the first to run when that is over. */
export function postponeRequest(call: Call, command: Command): void {
  const { session } = call;
  const request = call.retain();
  request.commandId = command.parent?.id ?? command.id;
  session.parkedRequests.unshift(request);
  session.parkedBytes += request.bytes.length;
  session.gate |= GATE_PARKED;
  session.link.setWaiting(session, true);
}
