/** The shared memory of one io worker and the executor: made by main, mapped by both. */
import { CONNECTION_ROWS, CONNECTION_WORDS } from './connection-table.ts';
import {
  CONTROL_WORDS,
  PROCESS_WORDS,
  REPLY_BYTES,
  REPLY_WORDS,
  REQUEST_BYTES,
  REQUEST_WORDS,
} from './layout.ts';

/** What travels in workerData; every view of it is made by the thread that uses it. */
export interface ChannelMemory {
  control: SharedArrayBuffer;
  requestWords: SharedArrayBuffer;
  requestBytes: SharedArrayBuffer;
  replyFrames: SharedArrayBuffer;
  replyBytes: SharedArrayBuffer;
  connections: SharedArrayBuffer;
}

export interface ProcessMemory {
  control: SharedArrayBuffer;
}

/** Pages are committed by the operating system when they are first touched, so an idle channel costs little. */
export function createChannelMemory(): ChannelMemory {
  return {
    control: new SharedArrayBuffer(CONTROL_WORDS * 4),
    requestWords: new SharedArrayBuffer(REQUEST_WORDS * 4),
    requestBytes: new SharedArrayBuffer(REQUEST_BYTES),
    replyFrames: new SharedArrayBuffer(REPLY_WORDS * 4),
    replyBytes: new SharedArrayBuffer(REPLY_BYTES),
    connections: new SharedArrayBuffer(CONNECTION_ROWS * CONNECTION_WORDS * 4),
  };
}

export function createProcessMemory(): ProcessMemory {
  return { control: new SharedArrayBuffer(PROCESS_WORDS * 4) };
}
