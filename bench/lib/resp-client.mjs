/**
 * A raw RESP2 connection for load and for questions to a server. Not a client library: no reconnects, no
 * command names, and the caller decides how much is in flight.
 *
 * redis-parser does the parsing: it is the project's RESP2 parser on the client side of things already.
 */
import { connect } from 'node:net';
import Parser from 'redis-parser';

/** @param {(string | number)[]} words @returns {string} one command, for ASCII words */
export function encodeCommand(...words) {
  return `*${words.length}\r\n${words.map((word) => `$${String(word).length}\r\n${word}\r\n`).join('')}`;
}

/**
 * @typedef {object} RespClient
 * @property {(bytes: string | Buffer) => void} write commands, already encoded
 * @property {(count: number) => Promise<void>} replies resolves once so many more replies have come
 * @property {(...words: (string | number)[]) => Promise<unknown>} call one command, when nothing is in flight
 * @property {() => void} close
 */

/**
 * @param {number} port on 127.0.0.1
 * @param {(reply: unknown) => void} [onReply] called for every reply that no `call` waits for
 * @returns {Promise<RespClient>} a connected client; an error reply or a lost connection rejects what waits
 */
export async function connectResp(port, onReply = () => {}) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  /** @type {{ missing: number, resolve: (reply: unknown) => void, reject: (error: Error) => void } | undefined} */
  let waiter;
  let closed = false;
  const fail = (/** @type {Error} */ error) => {
    const failed = waiter;
    waiter = undefined;
    if (failed) failed.reject(error);
    else if (!closed) throw error;
  };
  const take = (/** @type {unknown} */ reply) => {
    if (!waiter) return onReply(reply);
    if (--waiter.missing > 0) return;
    const { resolve } = waiter;
    waiter = undefined;
    resolve(reply);
  };
  const parser = new Parser({ returnReply: take, returnError: fail, returnFatalError: fail });
  socket.on('data', (data) => parser.execute(data));
  socket.on('error', fail);
  socket.on('close', () => closed || fail(new Error(`the server on port ${port} closed the connection`)));
  const replies = (/** @type {number} */ count) =>
    new Promise((resolve, reject) => {
      waiter = { missing: count, resolve, reject };
    });
  return {
    write: (bytes) => {
      socket.write(bytes, 'latin1');
    },
    replies,
    call: (...words) => {
      const reply = replies(1);
      socket.write(encodeCommand(...words), 'latin1');
      return reply;
    },
    close: () => {
      closed = true;
      socket.destroy();
    },
  };
}

/** @param {RespClient} client @param {string} [section] @returns {Promise<Map<string, string>>} INFO's fields */
export async function readInfo(client, section = 'everything') {
  const text = String(await client.call('INFO', section));
  return new Map([...text.matchAll(/^([^#:\r\n]+):(.*?)\r?$/gm)].map(([, name, value]) => [name, value]));
}
