/**
 * Fills a server with keys over one raw connection, a window of pipelined SETs in flight.
 *
 * Keys are numbered and all of the same length, so that memory per key can be told exactly. Batches are made as
 * one string and written as one socket write; the next goes out when the replies to the one before the last have
 * come, so the server always has work but never more than two batches waiting.
 */
import { connectResp, encodeCommand } from './resp-client.mjs';

const BATCH_COMMANDS = 500;

/** redis-benchmark's own key form for `key:__rand_int__`: 16 bytes. */
export const benchmarkKey = (/** @type {number} */ index) => `key:${String(index).padStart(12, '0')}`;

/** Keys of 20 bytes, for the memory figures. */
export const longKey = (/** @type {number} */ index) => `key:${String(index).padStart(16, '0')}`;

/**
 * Sends command 0 to count-1, as `command` encodes them, and resolves when all are answered.
 * @param {number} port
 * @param {number} count
 * @param {(index: number) => string} command
 * @param {{ batchCommands?: number }} [options]
 */
export async function pipelineCommands(port, count, command, { batchCommands = BATCH_COMMANDS } = {}) {
  /** @type {(() => void) | undefined} */
  let wake;
  let answered = 0;
  const client = await connectResp(port, () => {
    if (++answered % batchCommands === 0 || answered === count) wake?.();
  });
  for (let sent = 0; sent < count; ) {
    const until = Math.min(count, sent + batchCommands);
    let batch = '';
    for (let index = sent; index < until; index++) batch += command(index);
    client.write(batch);
    sent = until;
    while (sent - answered > batchCommands || (sent === count && answered < count)) {
      await new Promise((resolve) => {
        wake = () => resolve(undefined);
      });
    }
  }
  client.close();
}

/**
 * Sets keys 0 to count-1 to values of one size.
 * @param {number} port
 * @param {{ count: number, valueBytes: number, keyAt: (index: number) => string }} keys
 */
export async function fillKeys(port, { count, valueBytes, keyAt }) {
  const value = 'x'.repeat(valueBytes);
  const batchCommands = Math.max(1, Math.min(BATCH_COMMANDS, Math.floor((1024 * 1024) / (valueBytes + 1))));
  await pipelineCommands(port, count, (index) => encodeCommand('SET', keyAt(index), value), {
    batchCommands,
  });
}
