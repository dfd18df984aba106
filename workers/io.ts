/** An io worker thread: maps its channel, waits to be told where to listen, then runs on its event loop. */
import { parentPort, workerData } from 'node:worker_threads';
import { SipHasher } from '../src/base/siphash.ts';
import { IoWorker } from '../src/net/io-worker.ts';
import { ListenerSet } from '../src/net/listener-set.ts';
import { CommandNames } from '../src/resp/command-names.ts';
import { HEARTBEATS } from '../src/ring/layout.ts';
import type { FromIo, IoData, LogMessage, ToIo } from '../src/ring/messages.ts';
import { armFault } from '../src/supervisor/fault.ts';

const data = workerData as IoData;
const control = new Int32Array(data.process.control);
const main = parentPort!;
const send = (message: FromIo) => main.postMessage(message);

setInterval(() => Atomics.add(control, HEARTBEATS + 2 + data.index, 1), 100);
armFault('io');

let listeners: ListenerSet | null = null;

main.on('message', (message: ToIo) => {
  if (message.type === 'start') {
    const worker = new IoWorker({
      memory: data.channel,
      process: control,
      port: data.port,
      names: new CommandNames(message.names),
      hasher: new SipHasher(...data.hashSeed),
      waitUs: data.waitUs,
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
