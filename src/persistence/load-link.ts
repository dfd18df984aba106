/** The executor's end of a job that reads: buffers of items come from there, and it says how much it has used. See messages.ts. */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import {
  type FromLoadJob,
  JOB_DELAY_US,
  JOB_GIVEN_UP,
  JOB_SENT,
  JOB_USED_KB,
  JOB_WANTED_KB,
  JOB_WORDS,
  type LoadAofJob,
  type LoadJob,
  type ToBio,
} from './messages.ts';

const LOOK_MS = 100;

/** What is to be read. */
export type LoadWhat = Pick<LoadJob, 'kind' | 'path' | 'checksum'> | Pick<LoadAofJob, 'kind' | 'options'>;

export class LoadLink {
  private readonly port: MessagePort;
  private readonly words: Int32Array;

  /** Starts the job, with JOB_DELAY_US `delayUs`: it reads a file, or the append only files. `send` posts to bio. */
  constructor(
    what: LoadWhat,
    delayUs: number,
    process: SharedArrayBuffer,
    send: (message: ToBio, transfer: MessagePort[]) => void,
  ) {
    const channel = new MessageChannel();
    const shared = new SharedArrayBuffer(JOB_WORDS * 4);
    this.words = new Int32Array(shared);
    this.setDelay(delayUs);
    this.port = channel.port1;
    this.port.unref();
    const job = { ...what, port: channel.port2, shared, process };
    send({ type: 'job', job }, [channel.port2]);
  }

  setDelay(us: number): void {
    Atomics.store(this.words, JOB_DELAY_US, us);
    Atomics.notify(this.words, JOB_GIVEN_UP);
  }

  /** The next message, or null when none has come yet. */
  receive(): FromLoadJob | null {
    return (receiveMessageOnPort(this.port)?.message as FromLoadJob | undefined) ?? null;
  }

  /** The same, waiting for it. */
  wait(): FromLoadJob {
    for (;;) {
      const seen = Atomics.load(this.words, JOB_SENT);
      const message = this.receive();
      if (message !== null) return message;
      Atomics.wait(this.words, JOB_SENT, seen, LOOK_MS);
    }
  }

  /** `size` bytes of what came are not needed any more. */
  used(size: number): void {
    const { words } = this;
    const kilobytes = Math.ceil(size / 1024);
    const usedKb = (Atomics.add(words, JOB_USED_KB, kilobytes) + kilobytes) | 0;
    if (((usedKb - Atomics.load(words, JOB_WANTED_KB)) | 0) >= 0) Atomics.notify(words, JOB_USED_KB);
  }

  close(): void {
    Atomics.store(this.words, JOB_GIVEN_UP, 1);
    Atomics.notify(this.words, JOB_GIVEN_UP);
    this.port.close();
  }
}
