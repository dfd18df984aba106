/**
 * Finding out whether the configured addresses can be had, and making them listenable by all io workers.
 *
 * Where Node has `reusePort` (from 22.12) every io worker binds for itself and the kernel spreads connections;
 * because that hides a clash with another server, main binds once without it first. Older Nodes share one
 * bound descriptor, which main makes and every worker listens on.
 *
 * A shared descriptor can never be closed before the process ends: each worker's event loop has it registered under
 * its number, and would mistake the next socket of that number for it. So when CONFIG SET moves the server away
 * from an address, the socket stays bound and io workers hang up on whoever still comes in by it (../net/listener-set.ts),
 * and when it comes back, the socket is there. An address that a kept wildcard socket covers is served by that socket.
 * What an old Node cannot do is to widen a bind from one address to all on the same port.
 */
import { chmodSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import type { Listener } from '../ring/messages.ts';

const [major, minor] = process.versions.node.split('.').map(Number);
export const HAS_REUSE_PORT = major > 22 || (major === 22 && minor >= 12);

interface BoundHandle {
  fd: number;
  close(): void;
  getsockname(out: { port?: number }): number;
}

/** What one address of `bind` means; a leading '-' says that it may be missing on this host. */
interface Address {
  host: string;
  optional: boolean;
}

export interface ListenPlan {
  listeners: Listener[];
  /** Why the server cannot listen so, for the log; or null. */
  error: string | null;
  /** Addresses that cannot be had, for the log. */
  notes: string[];
}

const IGNORED = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENOTSUP', 'EPROTONOSUPPORT', 'EINVAL']);

/** Binds all of `bind` x `port`; an empty bind is no address at all. `ours`: the io workers listen on that port already, so it is no clash to find it taken. */
export async function planTcp(
  bind: readonly string[],
  port: number,
  backlog: number,
  ours = false,
): Promise<ListenPlan> {
  const plan: ListenPlan = { listeners: [], error: null, notes: [] };
  if (port === 0) return plan;
  for (const { host: name, optional } of addressesOf(bind)) {
    const host = await numeric(name);
    const outcome = HAS_REUSE_PORT ? await probe(host, port, ours) : bindShared(host, port);
    if (typeof outcome === 'string') {
      plan.notes.push(`Warning: Could not create server TCP listening socket ${host}:${port}: ${outcome}`);
      if (optional && IGNORED.has(outcome.split(':')[0])) continue;
      plan.error = `Failed listening on port ${port} (TCP), aborting.`;
      return plan;
    }
    plan.listeners.push({ kind: 'tcp', host, port, backlog, ...(outcome === null ? {} : { fd: outcome }) });
  }
  return plan;
}

function addressesOf(bind: readonly string[]): Address[] {
  return bind.map((word) => {
    const optional = word.startsWith('-');
    const host = optional ? word.slice(1) : word;
    return { host: HOSTS[host] ?? host, optional };
  });
}

const HOSTS: Record<string, string> = { '*': '0.0.0.0', '::*': '::' };

/** The wildcards first: to make the pattern of IPv6 addresses takes longer than all the rest of listening. */
function isAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || net.isIP(host) !== 0;
}

/** The address that a host name stands for; a name that cannot be resolved is left for bind() to refuse. */
async function numeric(name: string): Promise<string> {
  if (isAddress(name)) return name;
  try {
    const { lookup } = await import('node:dns/promises');
    return (await lookup(name)).address;
  } catch {
    return name;
  }
}

/** Binds and closes again. Null when that works, else the reason. */
function probe(host: string, port: number, ours: boolean): Promise<string | null> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.on('error', (error: NodeJS.ErrnoException) =>
      resolve(ours && error.code === 'EADDRINUSE' ? null : `${error.code}: ${error.message}`),
    );
    server.listen({ host, port, ipv6Only: host.includes(':') }, () => server.close(() => resolve(null)));
  });
}

type CreateHandle = (
  host: string,
  port: number,
  family: number,
  fd: undefined,
  flags: number,
) => BoundHandle | number;

const UV_TCP_IPV6ONLY = 1;
/** All descriptors bound so far, by address; they stay open. */
const shared = new Map<string, BoundHandle>();

/** Binds without listening; the descriptor, or the reason. */
function bindShared(host: string, port: number): number | string {
  const kept = shared.get(`${host} ${port}`);
  if (kept) return kept.fd;
  const covering = shared.get(`${host.includes(':') ? '::' : '0.0.0.0'} ${port}`);
  // A wildcard serves all addresses, but only those of this host can be asked for.
  const handle = bindHandle(host, covering ? 0 : port);
  if (typeof handle === 'string') return handle;
  if (covering) {
    handle.close();
    return covering.fd;
  }
  shared.set(`${host} ${port}`, handle);
  return handle.fd;
}

/** A socket bound to that address; port 0 is any free one. */
function bindHandle(host: string, port: number): BoundHandle | string {
  const family = host.includes(':') ? 6 : 4;
  if (!isAddress(host)) return 'EINVAL: Invalid address';
  const create = (net as unknown as { _createServerHandle: CreateHandle })._createServerHandle;
  const handle = create(host, port, family, undefined, family === 6 ? UV_TCP_IPV6ONLY : 0);
  if (typeof handle === 'number') return errorText(handle);
  // libuv keeps an address that is taken to itself until listen(): the socket is then not bound to anything.
  const name: { port?: number } = {};
  if (handle.getsockname(name) === 0 && (port === 0 || name.port === port)) return handle;
  handle.close();
  return errorText(EADDRINUSE);
}

const EADDRINUSE = -98;
const ERROR_TEXTS: Record<number, string> = {
  [EADDRINUSE]: 'EADDRINUSE: Address already in use',
  [-99]: 'EADDRNOTAVAIL: Cannot assign requested address',
  [-97]: 'EAFNOSUPPORT: Address family not supported by protocol',
  [-13]: 'EACCES: Permission denied',
  [-22]: 'EINVAL: Invalid argument',
};

function errorText(code: number): string {
  return ERROR_TEXTS[code] ?? `errno ${-code}`;
}

/** A listener for a unix socket; a stale file is removed, as Redis does. Only the first io worker listens there. */
export function planUnix(path: string, backlog: number): Listener {
  try {
    unlinkSync(path);
  } catch {
    // It did not exist.
  }
  return { kind: 'unix', path, backlog };
}

/** unixsocketperm, after the socket exists. */
export function applyUnixMode(path: string, mode: number): void {
  if (mode !== 0) chmodSync(path, mode);
}
