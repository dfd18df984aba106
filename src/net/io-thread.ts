/** What an io worker's thread does beside its sockets: it listens to main, and its heart beats. */
import { parentPort } from 'node:worker_threads';
import { SipHasher } from '../base/siphash.ts';
import { ownThreadId } from '../observability/thread-cpu.ts';
import { CommandNames } from '../resp/command-names.ts';
import { BEAT_MS, HEARTBEATS, THREAD_IDS } from '../ring/layout.ts';
import type { FromIo, IoData, LogMessage, ToIo } from '../ring/messages.ts';
import { IoWorker, type LocalExecutor, type LocalLog } from './io-worker.ts';
import { ListenerSet } from './listener-set.ts';

/** What else lives on the thread of an io worker that shares it with the executor. */
export interface Guests {
  executor: LocalExecutor;
  log: LocalLog;
}

/** Makes this thread an io worker's. `guests` is null unless the executor lives here too. */
export function startIoThread(data: IoData, guests: Guests | null): void {
  const control = new Int32Array(data.process.control);
  control[THREAD_IDS + 2 + data.index] = ownThreadId();
  const main = parentPort!;
  const send = (message: FromIo) => main.postMessage(message);
  let worker: IoWorker | null = null;
  let listeners: ListenerSet | null = null;
  setInterval(() => {
    Atomics.add(control, HEARTBEATS + 2 + data.index, 1);
    worker?.tick();
  }, BEAT_MS);

  main.on('message', (message: ToIo) => {
    if (message.type === 'start') {
      worker = new IoWorker({
        index: data.index,
        logPositions: data.log,
        memory: data.channel,
        process: control,
        port: data.port,
        names: new CommandNames(message.names),
        hasher: new SipHasher(...data.hashSeed),
        waitUs: data.waitUs,
        local: guests?.executor ?? null,
        localLog: guests?.log ?? null,
        log: (level, text) => send({ type: 'log', level: level as LogMessage['level'], message: text }),
      });
      listeners = new ListenerSet(data.index, worker);
      return;
    }
    if (message.type === 'prepare') {
      listeners!.prepare(message.listeners).then(
        () => send({ type: 'done', error: null }),
        (error: Error) => send({ type: 'done', error: error.message }),
      );
      return;
    }
    if (message.type === 'commit') listeners!.commit();
    else listeners!.abandon();
    send({ type: 'done', error: null });
  });
}
