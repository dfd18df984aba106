/** What the server does for CLIENT PAUSE; see ../executor/pause.ts for how. */
import type { Session } from './session.ts';

/** Which commands a pause holds back. */
export const PAUSE_NONE = 0;
/** Those that write or might: WRITE, MAY_REPLICATE, and an EXEC with one of them. */
export const PAUSE_WRITES = 1;
export const PAUSE_ALL = 2;
export type PauseMode = typeof PAUSE_NONE | typeof PAUSE_WRITES | typeof PAUSE_ALL;

export interface Pausing {
  readonly mode: PauseMode;
  /** How long the pause lasts yet, in milliseconds; 0 when there is none. */
  readonly leftMs: number;
  /** Sessions whose command is held back. */
  readonly count: number;
  has(session: Session): boolean;
  /** A pause under way is made stricter and longer by it, never the opposite. */
  pause(mode: PauseMode, untilMs: number): void;
  unpause(): void;
}
