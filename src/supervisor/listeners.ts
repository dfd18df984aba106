/**
 * Finding out whether the configured addresses can be had, and making them listenable by all io workers.
 *
 * Where Node has `reusePort` (from 22.12) every io worker binds for itself and the kernel spreads connections;
 * because that hides a clash with another server, main binds once without it first. Older Nodes share one
 * bound descriptor, which main makes and every worker listens on.
 */

import { chmodSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import type { Listener } from './messages.ts';

const [major, minor] = process.versions.node.split('.').map(Number);
export const HAS_REUSE_PORT = major > 22 || (major === 22 && minor >= 12);

interface BoundHandle {
  fd: number;
  close(): void;
}

/** What one address of `bind` means; a leading '-' says that it may be missing on this host. */
interface Address {
  host: string;
  optional: boolean;
}

export interface ListenPlan {
  listeners: Listener[];
  /** Why the server cannot start, or null. */
  error: string | null;
  /** Addresses that were skipped, for the log. */
  notes: string[];
}

const IGNORED = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENOTSUP', 'EPROTONOSUPPORT', 'EINVAL']);

/** Binds all of `bind` x `port`. Handles stay open until the process ends. */
export async function planTcp(bind: readonly string[], port: number, backlog: number): Promise<ListenPlan> {
  const plan: ListenPlan = { listeners: [], error: null, notes: [] };
  if (port === 0) return plan;
  for (const { host, optional } of addressesOf(bind)) {
    const outcome = HAS_REUSE_PORT ? await probe(host, port) : bindShared(host, port);
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
  const all = bind.length === 0 ? ['*', '-::*'] : bind;
  return all.map((word) => {
    const optional = word.startsWith('-');
    const host = optional ? word.slice(1) : word;
    return { host: host === '*' ? '0.0.0.0' : host === '::*' ? '::' : host, optional };
  });
}

/** Binds and closes again. Null when that works, else the reason. */
function probe(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.on('error', (error: NodeJS.ErrnoException) => resolve(`${error.code}: ${error.message}`));
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
/** Kept so that the descriptors stay open. */
const shared: BoundHandle[] = [];

/** Binds without listening; the descriptor, or the reason. */
function bindShared(host: string, port: number): number | string {
  const create = (net as unknown as { _createServerHandle: CreateHandle })._createServerHandle;
  const family = host.includes(':') ? 6 : 4;
  const handle = create(resolveName(host), port, family, undefined, family === 6 ? UV_TCP_IPV6ONLY : 0);
  if (typeof handle === 'number') return errorName(handle);
  shared.push(handle);
  return handle.fd;
}

function resolveName(host: string): string {
  return host === 'localhost' ? '127.0.0.1' : host;
}

const ERROR_NAMES: Record<number, string> = {
  [-98]: 'EADDRINUSE: Address already in use',
  [-99]: 'EADDRNOTAVAIL: Cannot assign requested address',
  [-97]: 'EAFNOSUPPORT: Address family not supported by protocol',
  [-13]: 'EACCES: Permission denied',
  [-22]: 'EINVAL: Invalid argument',
};

function errorName(code: number): string {
  return ERROR_NAMES[code] ?? `errno ${-code}`;
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
