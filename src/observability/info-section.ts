/**
 * The form of INFO: sections, each a list of rows. A row is a field with a function of the facts, or lines of its own
 * making. One InfoFacts serves a whole INFO, so that figures that are shown in two places agree.
 */

import { isOpen, memoryOf } from '../commands/client-memory.ts';
import { type MemoryFigures, memoryFigures } from '../commands/memory-figures.ts';
import type { PersistenceFigures } from '../commands/persistence.ts';
import type { Server } from '../commands/server.ts';
import type {
  HeapFigures,
  InfoSources,
  LoopFigures,
  NetworkFigures,
  ProcessFigures,
  ThreadFigures,
} from './figures.ts';
import type { RecentPeaks } from './recent-peaks.ts';
import type { CpuTime } from './thread-cpu.ts';

export type InfoValue = string | number;

export interface InfoField {
  readonly name: string;
  readonly value: (facts: InfoFacts) => InfoValue;
  /** Not shown under an earlier compat-version. */
  readonly since?: '7.2';
}

export interface InfoSection {
  /** What INFO calls it, in lower case. */
  readonly name: string;
  readonly title: string;
  /** Shown by a plain INFO; the others by `INFO all` or by name. */
  readonly usual: boolean;
  /** Not even shown by `INFO everything`. */
  readonly byNameOnly?: true;
  readonly fields?: readonly InfoField[];
  /** Lines after the fields, as many as there are things to tell of. */
  readonly lines?: (facts: InfoFacts) => string[];
}

/** A field whose value does not change: something that this server does not do, reported as Redis reports that it does not happen. */
export function fixed(name: string, value: InfoValue): InfoField {
  return { name, value: () => value };
}

export function field(name: string, value: (facts: InfoFacts) => InfoValue, since?: '7.2'): InfoField {
  return since === undefined ? { name, value } : { name, value, since };
}

/** What one INFO is told from. */
export class InfoFacts {
  readonly server: Server;
  readonly process: ProcessFigures;
  readonly heap: HeapFigures;
  private rows: ThreadFigures[] | null = null;
  readonly network: NetworkFigures;
  readonly memory: MemoryFigures;
  readonly clients: ClientFacts;
  readonly persistence: PersistenceFigures;
  readonly loop: LoopFigures;
  readonly peaks: RecentPeaks;
  private readonly sources: InfoSources;

  constructor(server: Server, sources: InfoSources) {
    this.server = server;
    this.process = sources.process();
    this.heap = sources.heap();
    this.network = sources.network();
    this.clients = clientFacts(server);
    this.memory = memoryFigures(server, this.clients.bytes);
    this.persistence = server.persistence.figures();
    this.loop = sources.loop();
    this.peaks = sources.peaks();
    this.peaks.note(this.clients.largestInput, this.clients.largestOutput, server.nowMs);
    this.sources = sources;
  }

  /** Read when they are asked for: it takes a look at a file for each thread. */
  get threads(): ThreadFigures[] {
    this.rows ??= this.sources.threads();
    return this.rows;
  }

  /** What the executor's thread has used; what the process has where the system does not tell. */
  get executorCpu(): CpuTime {
    const { cpuSystemUs, cpuUserUs } = this.process;
    return this.sources.executorCpu() ?? { userUs: cpuUserUs, systemUs: cpuSystemUs };
  }

  get uptimeSeconds(): number {
    return Math.max(0, Math.floor((this.server.nowMs - this.server.startMs) / 1000));
  }
}

export interface ClientFacts {
  connected: number;
  /** Bytes that clients make the server hold. */
  bytes: number;
  largestInput: number;
  largestOutput: number;
}

function clientFacts(server: Server): ClientFacts {
  const facts = { connected: 0, bytes: 0, largestInput: 0, largestOutput: 0 };
  for (const session of server.sessions.values()) {
    if (!isOpen(session)) continue;
    const { input, output, total } = memoryOf(session);
    facts.connected++;
    facts.bytes += total;
    facts.largestInput = Math.max(facts.largestInput, input);
    facts.largestOutput = Math.max(facts.largestOutput, output);
  }
  return facts;
}

const UNITS: ReadonlyArray<readonly [number, string]> = [
  [1024 ** 5, 'P'],
  [1024 ** 4, 'T'],
  [1024 ** 3, 'G'],
  [1024 ** 2, 'M'],
  [1024, 'K'],
];

/** Bytes for people: 1.04M. */
export function human(bytes: number): string {
  for (const [size, letter] of UNITS) if (bytes >= size) return `${(bytes / size).toFixed(2)}${letter}`;
  return `${bytes}B`;
}

/** a / b with two decimals; 0.00 when there is no b. */
export function ratio(a: number, b: number): string {
  return (b > 0 ? a / b : 0).toFixed(2);
}

export function percent(a: number, b: number): string {
  return `${ratio(a * 100, b)}%`;
}
