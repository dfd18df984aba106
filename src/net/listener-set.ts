/** The server sockets of one io worker. Every worker listens on every TCP address; unix sockets belong to the first. */
import net from 'node:net';
import type { Listener } from '../supervisor/messages.ts';
import type { IoWorker } from './io-worker.ts';

export class ListenerSet {
  private readonly index: number;
  private readonly worker: IoWorker;
  private servers: net.Server[] = [];

  constructor(index: number, worker: IoWorker) {
    this.index = index;
    this.worker = worker;
  }

  /** Listens on these and no longer on what came before. Rejects when one of them fails. */
  async listen(listeners: readonly Listener[]): Promise<void> {
    const before = this.servers;
    const mine = listeners.filter((listener) => listener.kind === 'tcp' || this.index === 0);
    this.servers = await Promise.all(mine.map((listener) => this.open(listener)));
    for (const server of before) server.close();
  }

  private open(listener: Listener): Promise<net.Server> {
    const unixPath = listener.path ?? '';
    const options = { pauseOnConnect: true, noDelay: true, allowHalfOpen: true };
    const server = net.createServer(options, (socket) => this.worker.accept(socket, unixPath));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(listenOptions(listener), () => resolve(server));
    });
  }
}

function listenOptions(listener: Listener): net.ListenOptions {
  const { backlog, fd, host, path, port } = listener;
  if (path !== undefined) return { path, backlog };
  if (fd !== undefined) return { fd, backlog } as net.ListenOptions;
  return { host, port, backlog, reusePort: true, ipv6Only: host!.includes(':') } as net.ListenOptions;
}
