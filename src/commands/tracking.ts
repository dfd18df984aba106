/** What the server does for CLIENT TRACKING; see ../tracking/ for how. */
import type { Session } from './session.ts';

/** How a session tracks keys. */
export interface TrackingMode {
  /** It is told of every key with one of its prefixes, whether it has read it or not. */
  readonly broadcast: boolean;
  /** Only the keys of a command are remembered that CLIENT CACHING YES announces; or all but those that NO does. */
  readonly optIn: boolean;
  readonly optOut: boolean;
  /** It is not told of what it changes itself. */
  readonly noLoop: boolean;
  /** The session that gets the messages in its place; 0 for itself. */
  readonly redirect: number;
}

/** The same with what has come of it. */
export interface TrackingState extends TrackingMode {
  /** As latin1 text; without broadcast none. */
  readonly prefixes: readonly string[];
  /** CLIENT CACHING was said for the next command. */
  caching: boolean;
  /** There is no session any more that the messages could be redirected to. */
  brokenRedirect: boolean;
}

export interface Tracking {
  /** Sessions that track; keys that are remembered; sessions that are remembered for them, all together; prefixes. */
  readonly clients: number;
  readonly keys: number;
  readonly items: number;
  readonly prefixes: number;
  /** The session tracks from now on, or does so in another way; `prefixes` are added to those it has. */
  enable(session: Session, mode: TrackingMode, prefixes: readonly string[]): void;
  disable(session: Session): void;
}
