/** What travels between main and the workers outside the rings. Everything survives structured clone. */

import type { MessagePort } from 'node:worker_threads';
import type { HostFacts } from '../commands/server.ts';
import type { ConfigSnapshot } from '../config/config.ts';
import type { CommandName } from '../resp/command-names.ts';
import type { ChannelMemory, ProcessMemory } from '../ring/channel.ts';

export interface ExecutorData {
  process: ProcessMemory;
  /** Figures of the process that main keeps fresh: see FIGURE_ in process-figures.ts. */
  figures: SharedArrayBuffer;
  channels: ChannelMemory[];
  /** One per io worker: large requests come in here. */
  ports: MessagePort[];
  /** To and from main. */
  mainPort: MessagePort;
  bioPort: MessagePort;
  config: ConfigSnapshot;
  hashSeed: [number, number];
  randomSeed: number;
  runId: string;
  replicationId: string;
  facts: HostFacts;
  startMs: number;
}

export interface IoData {
  index: number;
  process: ProcessMemory;
  channel: ChannelMemory;
  port: MessagePort;
  hashSeed: [number, number];
  waitUs: number;
}

export interface BioData {
  process: ProcessMemory;
  executorPort: MessagePort;
}

/** A place to listen on. */
export interface Listener {
  kind: 'tcp' | 'unix';
  host?: string;
  port?: number;
  path?: string;
  /** A bound socket shared by all io workers; absent where each binds for itself (reusePort). */
  fd?: number;
  backlog: number;
}

/** main -> io worker, over parentPort. */
export type ToIo =
  | { type: 'listen'; names: CommandName[]; listeners: Listener[] }
  | { type: 'relisten'; listeners: Listener[] }
  | { type: 'stop' };

/** io worker -> main. */
export type FromIo = { type: 'listening' } | { type: 'failed'; reason: string } | LogMessage;

/** executor -> main, over mainPort. */
export type FromExecutor =
  | { type: 'ready'; names: CommandName[] }
  | { type: 'ask'; id: number; kind: string; data: unknown }
  | { type: 'shutdown'; save: boolean }
  | { type: 'log-level'; level: string }
  | LogMessage;

/** main -> executor, over mainPort, announced by the doorbell. */
export type ToExecutor = { type: 'answer'; id: number; answer: unknown } | { type: 'stop' };

export interface LogMessage {
  type: 'log';
  level: 'debug' | 'verbose' | 'notice' | 'warning';
  message: string;
}

/** Indexes of the Float64 figures main keeps for the executor. */
export const PROCESS_RESIDENT = 0;
export const PROCESS_PEAK_RESIDENT = 1;
export const PROCESS_CPU_USER_US = 2;
export const PROCESS_CPU_SYSTEM_US = 3;
export const PROCESS_FIGURES = 16;
