/**
 * Garbage over sockets, a bounded and seeded amount: no input may end the server, stall it or reach another connection.
 * TEST_SEED repeats a run, THREADIS_FUZZ_STREAMS makes it longer.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ProtocolSocket } from '../command/protocol-socket.ts';
import { encodeCommand, RawClient, readable } from '../command/raw-client.ts';
import { type RunningServer, startThreadis } from '../command/servers.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';

const TIMEOUT_MS = 240_000;
const STREAMS = Number(process.env.THREADIS_FUZZ_STREAMS ?? 1500);

let server: RunningServer;
beforeAll(async () => {
  server = await startThreadis(['--io-threads', '2']);
}, TIMEOUT_MS);
afterAll(async () => server?.stop(), TIMEOUT_MS);

const random = seededRandom('protocol fuzz');

const WORDS = [
  'SET',
  'GET',
  'ECHO',
  'PING',
  'MSET',
  'INCR',
  'a',
  'b',
  '',
  '-1',
  '\r\n',
  '$3\r\n',
  '*1\r\n',
  '\0',
];
const PIECES = [
  '*',
  '$',
  '\r\n',
  '\n',
  '"',
  "'",
  ' ',
  '\0',
  '-',
  '9'.repeat(20),
  '*1000000000\r\n',
  '$536870912\r\n',
  'x'.repeat(3000),
];

function stream(): Buffer {
  const commands: Buffer[] = [];
  const count = 1 + random.below(10);
  for (let i = 0; i < count; i++) {
    const argc = 1 + random.below(4);
    commands.push(encodeCommand(Array.from({ length: argc }, () => WORDS[random.below(WORDS.length)])));
  }
  let bytes: Buffer = Buffer.concat(commands);
  for (let i = random.below(4); i > 0; i--) bytes = mutate(bytes);
  return bytes;
}

function mutate(bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  const kind = random.below(4);
  if (kind === 0 && at < bytes.length) {
    const changed = Buffer.from(bytes);
    changed[at] = random.below(256);
    return changed;
  }
  if (kind === 1) {
    const piece = Buffer.from(PIECES[random.below(PIECES.length)]);
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
  }
  if (kind === 2) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.below(20))]);
  return Buffer.concat([bytes, bytes.subarray(at)]);
}

it(
  `${STREAMS} mutated streams cost only their own connections`,
  async () => {
    const healthy = await RawClient.connect(server.port);
    const open: ProtocolSocket[] = [];
    for (let i = 0; i < STREAMS; i++) {
      const socket = await ProtocolSocket.open(server.port, random.below(2) === 0);
      const bytes = stream();
      const cut = random.below(bytes.length + 1);
      void socket.write(bytes.subarray(0, cut));
      if (random.below(3) === 0) await new Promise(setImmediate);
      void socket.write(bytes.subarray(cut));
      if (random.below(3) === 0) socket.halfClose();
      open.push(socket);
      if (open.length > 50) open.splice(random.below(open.length), 1)[0].destroy();
      if (i % 20 === 0) expect(readable(await healthy.call('ECHO', i))).toBe(String(i));
    }
    for (const socket of open) socket.destroy();
    for (let i = 0; i < 100; i++) expect(readable(await healthy.call('ECHO', i))).toBe(String(i));
    healthy.close();
  },
  TIMEOUT_MS,
);
