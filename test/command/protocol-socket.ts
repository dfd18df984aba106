/** A client that knows no protocol: bytes out, bytes in, and how the connection ended. */
import { connect, type Socket } from 'node:net';

export class ProtocolSocket {
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private over = false;
  private watchers: (() => void)[] = [];

  private constructor(readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.size += chunk.length;
      this.changed();
    });
    socket.on('error', () => this.finish());
    socket.on('end', () => this.finish());
    socket.on('close', () => this.finish());
  }

  static open(port: number, halfOpen = false, host = '127.0.0.1'): Promise<ProtocolSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host, allowHalfOpen: halfOpen });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new ProtocolSocket(socket));
      });
    });
  }

  /** Resolves when the kernel has the bytes, or the connection is gone. */
  write(bytes: Buffer | string): Promise<void> {
    return new Promise((resolve) => {
      if (this.socket.destroyed) return resolve();
      this.socket.write(bytes, () => resolve());
    });
  }

  /** Sends nothing more, goes on receiving. */
  halfClose(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  get ended(): boolean {
    return this.over;
  }

  get receivedBytes(): number {
    return this.size;
  }

  received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  text(): string {
    return this.received().toString('latin1');
  }

  /** Everything received until the server closed the connection. */
  async untilClosed(): Promise<string> {
    while (!this.over) await this.change();
    return this.text();
  }

  /** Waits for so many bytes; fails when the connection ends before. */
  async untilBytes(count: number): Promise<Buffer> {
    while (this.size < count) {
      if (this.over) throw new Error(`closed after ${this.size} of ${count} bytes: ${this.tail()}`);
      await this.change();
    }
    return this.received();
  }

  /** Waits until what was received ends with `ending`. */
  async untilEnding(ending: string): Promise<string> {
    while (!this.tail(ending.length).endsWith(ending)) {
      if (this.over) throw new Error(`closed without the ending: ${this.tail()}`);
      await this.change();
    }
    return this.text();
  }

  private tail(length = 200): string {
    let text = '';
    for (let i = this.chunks.length - 1; i >= 0 && text.length < length; i--) {
      text = this.chunks[i].subarray(-length).toString('latin1') + text;
    }
    return text;
  }

  private change(): Promise<void> {
    return new Promise((resolve) => this.watchers.push(resolve));
  }

  private changed(): void {
    for (const watcher of this.watchers.splice(0)) watcher();
  }

  private finish(): void {
    this.over = true;
    this.changed();
  }
}
