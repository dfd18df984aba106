/** An io worker thread: maps its channel, waits to be told where to listen, then runs on its event loop. */
import { parentPort, workerData } from 'node:worker_threads';
import { SipHasher } from '../src/base/siphash.ts';
import { IoWorker } from '../src/net/io-worker.ts';
import { ListenerSet } from '../src/net/listener-set.ts';
import { CommandNames } from '../src/resp/command-names.ts';
import { HEARTBEATS } from '../src/ring/layout.ts';
import type { FromIo, IoData, LogMessage, ToIo } from '../src/supervisor/messages.ts';

const data = workerData as IoData;
const control = new Int32Array(data.process.control);
const main = parentPort!;
const send = (message: FromIo) => main.postMessage(message);

setInterval(() => Atomics.add(control, HEARTBEATS + 2 + data.index, 1), 100);

let listeners: ListenerSet | null = null;

main.on('message', (message: ToIo) => {
  if (message.type === 'listen') {
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
  }
  if (message.type === 'listen' || message.type === 'relisten') {
    listeners!.listen(message.listeners).then(
      () => message.type === 'listen' && send({ type: 'listening' }),
      (error: Error) => send({ type: 'failed', reason: `Could not listen: ${error.message}` }),
    );
  }
});
