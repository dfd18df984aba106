/**
 * The connection table as the executor's thread sees it: flags that it sets for the io worker, and figures that the io worker keeps. Each connection has
 * a row of its own (../ring/connection-table.ts).
 */
import type { Session } from '../commands/session.ts';
import type { ChannelMemory } from '../ring/channel.ts';
import {
  CONNECTION_ACKED,
  CONNECTION_ARGUMENTS,
  CONNECTION_AUTHENTICATED,
  CONNECTION_FD,
  CONNECTION_FLAGS,
  CONNECTION_INPUT,
  CONNECTION_MONITORS,
  CONNECTION_OUTPUT,
  CONNECTION_QUERY_BUFFER,
  CONNECTION_QUERY_FREE,
  CONNECTION_SPILLING,
  CONNECTION_SUBSCRIBED,
  CONNECTION_WAITING,
  CONNECTION_WORDS,
  readCounter,
} from '../ring/connection-table.ts';

export class ConnectionRows {
  private readonly rows: Int32Array;

  constructor(memory: ChannelMemory) {
    this.rows = new Int32Array(memory.connections);
  }

  setAuthenticated(session: Session): void {
    this.setFlag(session, CONNECTION_AUTHENTICATED, session.authenticated);
  }

  setSubscribed(session: Session, isSubscribed: boolean): void {
    this.setFlag(session, CONNECTION_SUBSCRIBED, isSubscribed);
  }

  setWaiting(session: Session, isWaiting: boolean): void {
    this.setFlag(session, CONNECTION_WAITING, isWaiting);
  }

  setMonitoring(session: Session, isMonitoring: boolean): void {
    this.setFlag(session, CONNECTION_MONITORS, isMonitoring);
  }

  private setFlag(session: Session, flag: number, isSet: boolean): void {
    const at = session.slot * CONNECTION_WORDS + CONNECTION_FLAGS;
    const others = this.rows[at] & ~flag;
    Atomics.store(this.rows, at, isSet ? others | flag : others);
  }

  /** The io worker says when a connection that spills has drained. */
  protected setSpilling({ slot }: Session, isSpilling: boolean): void {
    Atomics.store(this.rows, slot * CONNECTION_WORDS + CONNECTION_SPILLING, isSpilling ? 1 : 0);
  }

  /** Reply bytes that the socket has taken, free-running int32. */
  protected acked(session: Session): number {
    return Atomics.load(this.rows, session.slot * CONNECTION_WORDS + CONNECTION_ACKED);
  }

  inputBytes(session: Session): number {
    return readCounter(this.rows, session.slot * CONNECTION_WORDS + CONNECTION_INPUT);
  }

  outputBytes(session: Session): number {
    return readCounter(this.rows, session.slot * CONNECTION_WORDS + CONNECTION_OUTPUT);
  }

  queryBufferBytes(session: Session): number {
    return this.rows[session.slot * CONNECTION_WORDS + CONNECTION_QUERY_BUFFER] + session.parkedBytes;
  }

  queryBufferFree(session: Session): number {
    return this.rows[session.slot * CONNECTION_WORDS + CONNECTION_QUERY_FREE];
  }

  argumentBytes(session: Session): number {
    return this.rows[session.slot * CONNECTION_WORDS + CONNECTION_ARGUMENTS];
  }

  fd(session: Session): number {
    return this.rows[session.slot * CONNECTION_WORDS + CONNECTION_FD];
  }
}
