/** The shared memory of one io worker and the executor: made by main, mapped by both. */
import { CONNECTION_ROWS, CONNECTION_WORDS } from './connection-table.ts';
import {
  CONTROL_WORDS,
  PROCESS_WORDS,
  REPLY_BYTES,
  REPLY_WORDS,
  REQUEST_BYTES,
  REQUEST_WORDS,
  type RingBuffer,
} from './layout.ts';

/** What travels in workerData; every view of it is made by the thread that uses it. */
export interface ChannelMemory {
  control: RingBuffer;
  requestWords: RingBuffer;
  requestBytes: RingBuffer;
  replyFrames: RingBuffer;
  replyBytes: RingBuffer;
  connections: RingBuffer;
}

export interface ProcessMemory {
  control: SharedArrayBuffer;
}

/** `isShared` is false for a channel whose two ends are on one thread. Pages are committed by the operating system when they are first touched, so an idle channel costs little. */
export function createChannelMemory(isShared = true): ChannelMemory {
  const allocate = (size: number) => (isShared ? new SharedArrayBuffer(size) : new ArrayBuffer(size));
  return {
    control: allocate(CONTROL_WORDS * 4),
    requestWords: allocate(REQUEST_WORDS * 4),
    requestBytes: allocate(REQUEST_BYTES),
    replyFrames: allocate(REPLY_WORDS * 4),
    replyBytes: allocate(REPLY_BYTES),
    connections: allocate(CONNECTION_ROWS * CONNECTION_WORDS * 4),
  };
}

export function createProcessMemory(): ProcessMemory {
  return { control: new SharedArrayBuffer(PROCESS_WORDS * 4) };
}
