/** What the server does for MULTI and its relatives; see ../transactions/ for how. */
import type { Call } from './call.ts';
import type { Session } from './session.ts';

/** The commands between a session's MULTI and its EXEC, as far as others look at them. */
export interface QueuedCommands {
  readonly count: number;
  /** The flags of all of them together. */
  readonly flags: number;
  /** Bytes they take. */
  readonly capacity: number;
}

export interface Transactions {
  /** How many keys clients watch. */
  readonly watchedKeys: number;
  /** From now on the session's commands are queued. */
  begin(session: Session): void;
  /** Forgets what is queued and what is watched. */
  discard(session: Session): void;
  /** Replies to EXEC, running what is queued if it may run. */
  execute(call: Call): void;
  /** Watches the key that is argument `index`. */
  watch(call: Call, index: number): void;
  unwatch(session: Session): void;
}
