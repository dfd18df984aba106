/**
 * The server sockets of one io worker. Every worker listens on every TCP address; unix sockets belong to the first.
 *
 * A change of addresses takes two steps, so that either all workers change or none: prepare() opens what is new, commit()
 * closes what is no longer wanted, abandon() closes what is new. A descriptor that workers share is never closed
 * (../supervisor/listeners.ts says why): whoever comes in by an address that is not wanted is hung up on.
 */
import net from 'node:net';
import type { Listener } from '../ring/messages.ts';
import type { IoWorker } from './io-worker.ts';
import { localAddressOf, takeConnections } from './raw-stream.ts';

export class ListenerSet {
  private readonly index: number;
  private readonly worker: IoWorker;
  /** By keyOf(). */
  private readonly servers = new Map<string, net.Server>();
  private wanted: Listener[] = [];
  private prepared: Listener[] = [];

  constructor(index: number, worker: IoWorker) {
    this.index = index;
    this.worker = worker;
  }

  /** Opens those of the listeners that are not open yet. Rejects when one fails, and then none of them is open. */
  async prepare(listeners: readonly Listener[]): Promise<void> {
    this.prepared = listeners.filter((listener) => listener.kind === 'tcp' || this.index === 0);
    for (const listener of this.prepared) {
      if (this.servers.has(keyOf(listener))) continue;
      try {
        this.servers.set(keyOf(listener), await this.open(listener));
      } catch (error) {
        this.abandon();
        throw error;
      }
    }
  }

  /** Accepts on the prepared listeners and no others. */
  commit(): void {
    this.wanted = this.prepared;
    this.closeUnwanted();
  }

  /** Stays with what was. */
  abandon(): void {
    this.prepared = this.wanted;
    this.closeUnwanted();
  }

  private closeUnwanted(): void {
    const keys = new Set(this.wanted.map(keyOf));
    for (const [key, server] of this.servers) {
      if (keys.has(key) || key.startsWith('fd ')) continue;
      this.servers.delete(key);
      server.close();
    }
  }

  private open(listener: Listener): Promise<net.Server> {
    const key = keyOf(listener);
    const unixPath = listener.path ?? '';
    const server = net.createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(listenOptions(listener), () => {
        takeConnections(server, (incoming) =>
          this.worker.accept(incoming, unixPath, this.admits(key, localAddressOf(incoming))),
        );
        resolve(server);
      });
    });
  }

  /**
   * Whether a connection that came in by this server came to a wanted address, or to one that is about to be: a client may connect
   * between the preparation and the commit.
   */
  private admits(key: string, address: string): boolean {
    for (const listener of [...this.wanted, ...this.prepared]) {
      if (keyOf(listener) !== key) continue;
      const { fd, host } = listener;
      if (fd === undefined || host === '0.0.0.0' || host === '::' || host === address) return true;
    }
    return false;
  }
}

function keyOf({ fd, host, path, port }: Listener): string {
  if (path !== undefined) return `path ${path}`;
  return fd !== undefined ? `fd ${fd}` : `tcp ${host} ${port}`;
}

function listenOptions(listener: Listener): net.ListenOptions {
  const { backlog, fd, host, path, port } = listener;
  if (path !== undefined) return { path, backlog };
  if (fd !== undefined) return { fd, backlog } as net.ListenOptions;
  return { host, port, backlog, reusePort: true, ipv6Only: host!.includes(':') } as net.ListenOptions;
}
