import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';

/**
 * What a server answers over RESP2: bulk and simple strings are Buffers, errors are Error values inside or instead of a
 * reply.
 */
export type Reply = Buffer | number | null | Error | Reply[];

interface ReplyParser {
  execute(chunk: Buffer): void;
}

type ReplyParserConstructor = new (options: {
  returnReply(reply: Reply): void;
  returnError(error: Error): void;
  returnFatalError(error: Error): void;
  returnBuffers: boolean;
}) => ReplyParser;

// The package has no types of its own.
const RedisParser = createRequire(import.meta.url)('redis-parser') as ReplyParserConstructor;

/**
 * The smallest client that tests can talk through: RESP2, nothing is retried, hidden or converted. Replies come back in
 * order; an error reply is a value, not a rejection; a lost connection rejects what still waits.
 */
export class RawClient {
  private readonly arrived: Reply[] = [];
  private readonly waiting: { resolve(reply: Reply): void; reject(error: Error): void }[] = [];
  private ended: Error | null = null;

  private constructor(private readonly socket: Socket) {
    const parser = new RedisParser({
      returnReply: (reply) => this.arrive(reply),
      returnError: (error) => this.arrive(error),
      returnFatalError: (error) => socket.destroy(error),
      returnBuffers: true,
    });
    socket.setNoDelay(true);
    socket.on('data', (chunk) => parser.execute(chunk));
    socket.on('error', (error) => this.end(error));
    socket.on('close', () => this.end(new Error('the connection is closed')));
  }

  static connect(port: number, host = '127.0.0.1'): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, host);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawClient(socket));
      });
    });
  }

  /** Sends one command and waits for the next reply that nobody waits for yet. Calls may overlap: that is a pipeline. */
  call(...args: (string | Buffer | number)[]): Promise<Reply> {
    this.write(encodeCommand(args));
    return this.next();
  }

  /** Sends bytes as they are: inline commands, halves of commands, nonsense. */
  write(bytes: Buffer | string): void {
    this.socket.write(bytes);
  }

  /** The next reply or push that no one has taken. */
  next(): Promise<Reply> {
    const reply = this.arrived.shift();
    if (reply !== undefined) return Promise.resolve(reply);
    if (this.ended) return Promise.reject(this.ended);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  /** Resolves once the connection is closed, by whichever side. */
  closed(): Promise<void> {
    if (this.socket.closed) return Promise.resolve();
    return new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  /** Reads nothing more until resume(). */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(): void {
    this.socket.destroy();
  }

  private arrive(reply: Reply): void {
    const waiter = this.waiting.shift();
    if (waiter) waiter.resolve(reply);
    else this.arrived.push(reply);
  }

  private end(error: Error): void {
    this.ended ??= error;
    for (const waiter of this.waiting.splice(0)) waiter.reject(this.ended);
  }
}

/** A command as RESP; strings go out as UTF-8, so bytes above 127 are for Buffers. */
export function encodeCommand(args: (string | Buffer | number)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

/** A reply for expect(): Buffers become latin1 strings, errors become `error: <text>`. */
export function readable(reply: Reply): string | number | null | unknown[] {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  if (reply instanceof Error) return `error: ${reply.message}`;
  return Array.isArray(reply) ? reply.map(readable) : reply;
}
