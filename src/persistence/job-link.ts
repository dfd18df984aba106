/** The executor's end of a job that writes: buffers go there, and it says how much it has taken. See messages.ts. */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Part } from '../rdb/items.ts';
import {
  JOB_DELAY_US,
  JOB_GIVEN_UP,
  JOB_OVER,
  JOB_TAKEN_KB,
  JOB_WANTED_KB,
  JOB_WORDS,
  ON_THE_WAY_MAX,
  type SaveResult,
  type ToBio,
  type ToSaveJob,
} from './messages.ts';
import type { RdbFileOptions } from './rdb/file-writer.ts';
import type { ChunkSink } from './snapshot.ts';

/** How long a wait for a job lasts before it is looked at again. */
const LOOK_MS = 100;

export class SaveLink implements ChunkSink {
  private readonly port: MessagePort;
  private readonly words: Int32Array;
  private sentKb = 0;

  /** Starts the job. `delayUs` is JOB_DELAY_US; `send` posts to bio. */
  constructor(
    file: RdbFileOptions,
    delayUs: number,
    process: SharedArrayBuffer,
    send: (message: ToBio, transfer: MessagePort[]) => void,
  ) {
    const channel = new MessageChannel();
    const shared = new SharedArrayBuffer(JOB_WORDS * 4);
    this.words = new Int32Array(shared);
    this.words[JOB_DELAY_US] = delayUs;
    this.port = channel.port1;
    // An open port must not keep the thread from ending.
    this.port.unref();
    const job = { kind: 'save', port: channel.port2, shared, process, file } as const;
    send({ type: 'job', job }, [channel.port2]);
  }

  private post(message: ToSaveJob, transfer: ArrayBuffer[] = []): void {
    this.port.postMessage(message, transfer);
  }

  send(bytes: Uint8Array, size: number, part: Part): void {
    this.sentKb = (this.sentKb + Math.ceil(size / 1024)) | 0;
    this.post({ bytes, size, part }, [bytes.buffer as ArrayBuffer]);
  }

  private get onTheWay(): number {
    return ((this.sentKb - Atomics.load(this.words, JOB_TAKEN_KB)) | 0) * 1024;
  }

  get full(): boolean {
    return this.onTheWay > ON_THE_WAY_MAX && !this.over;
  }

  get over(): boolean {
    return Atomics.load(this.words, JOB_OVER) === 1;
  }

  waitForRoom(): void {
    this.waitFor(ON_THE_WAY_MAX);
  }

  /** Waits, when there is no room, until half of it is free: to be woken for each buffer costs the job more than a buffer. */
  waitForHalf(): void {
    if (this.full) this.waitFor(ON_THE_WAY_MAX / 2);
  }

  /** Waits until no more than that is on its way. */
  private waitFor(bytes: number): void {
    const { words } = this;
    const wantedKb = (this.sentKb - bytes / 1024) | 0;
    Atomics.store(words, JOB_WANTED_KB, wantedKb);
    while (!this.over) {
      const takenKb = Atomics.load(words, JOB_TAKEN_KB);
      if (((takenKb - wantedKb) | 0) >= 0) return;
      Atomics.wait(words, JOB_TAKEN_KB, takenKb, LOOK_MS);
    }
  }

  /** Everything has been sent: the file is to be finished. */
  end(): void {
    this.post({ end: true });
  }

  abort(): void {
    Atomics.store(this.words, JOB_GIVEN_UP, 1);
    Atomics.notify(this.words, JOB_GIVEN_UP);
    this.post({ abort: true });
  }

  /** Waits until the job is over. */
  waitUntilOver(): void {
    while (!this.over) Atomics.wait(this.words, JOB_OVER, 0, LOOK_MS);
  }

  /** How it ended; null while it goes on. */
  result(): SaveResult | null {
    if (!this.over) return null;
    const message = receiveMessageOnPort(this.port);
    this.port.close();
    return (
      (message?.message as SaveResult | undefined) ?? { error: 'the job ended without a word', bytes: 0 }
    );
  }
}
