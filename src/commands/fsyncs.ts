/** What the server does for WAITAOF; see ../executor/fsync-waits.ts for how. */
import type { TimeoutReply } from './blocking.ts';
import type { Session } from './session.ts';

export interface Fsyncs {
  /** Whether commands are logged at all. */
  readonly isLogging: boolean;
  /** Whether everything that the session has changed is on disk. */
  covers(session: Session): boolean;
  /** The session, which waits (blockOnKeys()), gets this reply as soon as that is so. */
  release(session: Session, answer: TimeoutReply): void;
}
