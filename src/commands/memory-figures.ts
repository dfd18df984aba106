/**
 * What takes memory: the figures of INFO memory, MEMORY STATS and MEMORY DOCTOR, so that all three agree.
 *
 *     used        data, the tables that find it, buffers of clients, entries of the append only file that are not written yet
 *     allocated   of these the data and the tables: cells of the arena, and buffers of large values
 *     active      the same with the free cells between used ones: whole spans
 *     resident    the same with the free pages between used ones: what the operating system has given memory for
 *     rss         the process: with the JS engine, its heaps and stacks
 */
import { isOpen, memoryOf } from './client-memory.ts';
import type { Server } from './server.ts';

export interface MemoryFigures {
  used: number;
  peak: number;
  startup: number;
  clients: number;
  aofBuffer: number;
  /** Of each database that has keys: its tables. */
  databases: { index: number; main: number; expires: number }[];
  /** All that is not data. */
  overhead: number;
  dataset: number;
  keys: number;
  allocated: number;
  active: number;
  resident: number;
  rss: number;
}

/** `clients`: bytes that clients make the server hold. */
export function memoryFigures(server: Server, clients: number): MemoryFigures {
  const { keyspace, services, stats } = server;
  const { arena, large } = keyspace;
  const databases = keyspace.databases
    .filter(({ count }) => count > 0)
    .map(({ dict, elementExpires, expires, index }) => ({
      index,
      main: dict.bytes,
      expires: expires.bytes + elementExpires.bytes,
    }));
  const aofBuffer = services.aofBufferBytes();
  const used = keyspace.eviction.usedBytes + aofBuffer;
  stats.peakMemory = Math.max(stats.peakMemory, used);
  const startup = keyspace.ownBytes;
  const tables = databases.reduce((sum, { expires, main }) => sum + main + expires, 0);
  const overhead = startup + tables + keyspace.eviction.clientBytes + aofBuffer;
  return {
    used,
    peak: stats.peakMemory,
    startup,
    clients,
    aofBuffer,
    databases,
    overhead,
    dataset: Math.max(0, used - overhead),
    keys: keyspace.databases.reduce((sum, { count }) => sum + count, 0),
    allocated: arena.usedBytes + large.usedBytes,
    active: arena.spanBytes + arena.tableBytes + large.usedBytes,
    resident: arena.touchedBytes + large.usedBytes,
    rss: services.residentBytes(),
  };
}

/** Bytes that clients make the server hold: requests that are not whole yet or wait, and replies that they have not taken. */
export function clientBytes({ sessions }: Server): number {
  let bytes = 0;
  for (const session of sessions.values()) {
    if (!isOpen(session)) continue;
    const held = memoryOf(session);
    bytes += held.input + held.arguments + held.queued + held.output;
  }
  return bytes;
}

/** a / b; 0 when there is no b. */
export function share(a: number, b: number): number {
  return b > 0 ? a / b : 0;
}
