/**
 * A small client that watches what a server's other clients feel: it sends one command, waits for the reply, notes
 * how long that took, and after `intervalMs` sends the next.
 *
 * It asks for a higher priority than the server has (where it may), so that its figures are the server's stalls and
 * not its own waits for a processor. On a machine with few cores some of those remain: compare with the figures of
 * an idle server, which macro/stalls.mjs prints as its control.
 *
 * Settings: { port, intervalMs, key }. Figures: { count, p50Ms, p99Ms, p999Ms, maxMs }.
 */
import { constants, setPriority } from 'node:os';
import { loadSettings, serveLoad } from './load-process.mjs';
import { connectResp, encodeCommand } from './resp-client.mjs';
import { quantileOfSorted, sorted } from './statistics.mjs';

/** Latencies are kept in blocks, because growing one array would copy it, and that would show as a stall. */
const BLOCK_SAMPLES = 1 << 16;

const { port, intervalMs, key } = loadSettings();
const commands = [encodeCommand('PING'), encodeCommand('GET', key)];
/** @type {Float64Array[]} */
const blocks = [];
let count = 0;
let sentMs = 0;
let repliedMs = 0;

try {
  setPriority(constants.priority.PRIORITY_HIGH);
} catch {
  // Not allowed: the figures are a little worse on a busy machine, for both servers alike.
}

const client = await connectResp(port, onReply);

function sendNext() {
  sentMs = performance.now();
  client.write(commands[count & 1]);
}

function onReply() {
  const nowMs = performance.now();
  if (count % BLOCK_SAMPLES === 0) blocks.push(new Float64Array(BLOCK_SAMPLES));
  blocks[blocks.length - 1][count % BLOCK_SAMPLES] = nowMs - sentMs;
  count++;
  repliedMs = nowMs;
  if (intervalMs === 0) sendNext();
  else setTimeout(sendNext, intervalMs);
}

/** A reply that is still missing counts with what it has taken so far. */
function figures() {
  const waitingMs = sentMs > repliedMs ? [performance.now() - sentMs] : [];
  const ascending = sorted([...blocks.flatMap((block) => Array.from(block)).slice(0, count), ...waitingMs]);
  return {
    count,
    p50Ms: quantileOfSorted(ascending, 0.5),
    p99Ms: quantileOfSorted(ascending, 0.99),
    p999Ms: quantileOfSorted(ascending, 0.999),
    maxMs: quantileOfSorted(ascending, 1),
  };
}

sendNext();
serveLoad(figures);
