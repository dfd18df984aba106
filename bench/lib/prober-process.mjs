/**
 * A small client that watches what a server's other clients feel: it sends one command, waits for the reply, notes
 * how long that took, and after `intervalMs` sends the next.
 *
 * It asks for a higher priority than the server has (where it may), so that its figures are the server's stalls and
 * not its own waits for a core. On a machine with few cores some of those remain, and the server's thread waits too:
 * compare with the figures of an idle server, which macro/stalls.mjs prints as its control. With the server's `pid` each
 * latency is also taken less both threads' waits for a core while it lasted (lib/core-waits.mjs): what the server itself caused.
 *
 * Settings: { port, intervalMs, key, pid?: 0 }. Figures: { count, p50Ms, p99Ms, p999Ms, maxMs, causedMaxMs }.
 */
import { constants, setPriority } from 'node:os';
import { ownThread, threadThatWorks } from './core-waits.mjs';
import { loadSettings, serveLoad } from './load-process.mjs';
import { connectResp, encodeCommand } from './resp-client.mjs';
import { quantileOfSorted, sorted } from './statistics.mjs';

/** Latencies are kept in blocks, because growing one array would copy it, and that would show as a stall. */
const BLOCK_SAMPLES = 1 << 16;

/** What shows which of the server's threads does the work. */
const TRIAL_BATCHES = 20;
const TRIAL_PINGS = 2000;

const { port, intervalMs, key, pid = 0 } = loadSettings();
const commands = [encodeCommand('PING'), encodeCommand('GET', key)];
/** @type {Float64Array[]} */
const blocks = [];
let count = 0;
let sentMs = 0;
let repliedMs = 0;
let waitedMs = 0;
let causedMaxMs = 0;

try {
  setPriority(constants.priority.PRIORITY_HIGH);
} catch {
  // Not allowed: the figures are a little worse on a busy machine, for both servers alike.
}

const threads = pid === 0 ? [] : [await threadThatWorks(pid, trial), ownThread()];
const client = await connectResp(port, onReply);

async function trial() {
  const pinging = await connectResp(port);
  for (let batch = 0; batch < TRIAL_BATCHES; batch++) {
    const replied = pinging.replies(TRIAL_PINGS);
    pinging.write(commands[0].repeat(TRIAL_PINGS));
    await replied;
  }
  pinging.close();
}

/** Milliseconds, of the server's thread and of this one. */
function waitsForCore() {
  let sum = 0;
  for (const thread of threads) sum += thread.waitedMs();
  return sum;
}

function sendNext() {
  waitedMs = waitsForCore();
  sentMs = performance.now();
  client.write(commands[count & 1]);
}

function onReply() {
  const nowMs = performance.now();
  if (count % BLOCK_SAMPLES === 0) blocks.push(new Float64Array(BLOCK_SAMPLES));
  blocks[blocks.length - 1][count % BLOCK_SAMPLES] = nowMs - sentMs;
  count++;
  repliedMs = nowMs;
  causedMaxMs = Math.max(causedMaxMs, nowMs - sentMs - (waitsForCore() - waitedMs));
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
    causedMaxMs: Math.max(causedMaxMs, ...waitingMs),
  };
}

sendNext();
serveLoad(figures);
