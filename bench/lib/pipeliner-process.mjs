// A client with giant pipelines: `depth` commands at once, half SET and half GET, and the next batch before the
// replies to the last have all come, so that the server never finds its socket empty.
// Settings: { port, depth, keyspace, valueBytes }. Figures: { rps }.
import { benchmarkKey } from './load.mjs';
import { loadSettings, serveLoad } from './load-process.mjs';
import { connectResp, encodeCommand } from './resp-client.mjs';

/** Distinct batches, so that a server does not see the same keys again at once. */
const BATCHES = 4;
const BATCHES_IN_FLIGHT = 2;

const { port, depth, keyspace, valueBytes } = loadSettings();
const value = 'x'.repeat(valueBytes);

function makeBatch() {
  let batch = '';
  for (let index = 0; index < depth; index++) {
    const key = benchmarkKey(Math.floor(Math.random() * keyspace));
    batch += index % 2 === 0 ? encodeCommand('SET', key, value) : encodeCommand('GET', key);
  }
  return Buffer.from(batch, 'latin1');
}

const batches = Array.from({ length: BATCHES }, makeBatch);
let answered = 0;
let batchesSent = 0;

const client = await connectResp(port, () => {
  if (++answered % depth === 0) sendBatch();
});
const startMs = performance.now();

function sendBatch() {
  client.write(batches[batchesSent++ % BATCHES]);
}

for (let count = 0; count < BATCHES_IN_FLIGHT; count++) sendBatch();
serveLoad(() => ({ rps: answered / ((performance.now() - startMs) / 1000) }));
