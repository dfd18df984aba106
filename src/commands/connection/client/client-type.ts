/** The types of clients that filters name. Only normal ones and subscribers exist until there is replication. */
import { GATE_PUBSUB, type Session } from '../../session.ts';

const TYPES: Record<string, string> = {
  normal: 'normal',
  slave: 'replica',
  replica: 'replica',
  pubsub: 'pubsub',
  master: 'master',
};

/** The type of that name in any case, or null. */
export function clientType(name: string): string | null {
  return TYPES[name.toLowerCase()] ?? null;
}

/** Which of them the session is. */
export function typeOfClient(session: Session): string {
  return (session.gate & GATE_PUBSUB) !== 0 ? 'pubsub' : 'normal';
}
