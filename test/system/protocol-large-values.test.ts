/** The largest value that Redis allows, 512 MB, in and out, byte for byte. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ProtocolSocket } from '../command/protocol-socket.ts';
import { RawClient, readable } from '../command/raw-client.ts';
import { type RunningServer, startThreadis } from '../command/servers.ts';

const TIMEOUT_MS = 300_000;
const SIZE = 512 << 20;
const PIECE = 1 << 20;

let server: RunningServer;
beforeAll(async () => {
  server = await startThreadis(['--io-threads', '1']);
}, TIMEOUT_MS);
afterAll(async () => server?.stop(), TIMEOUT_MS);

/** The piece at `index`: every piece differs, so that a piece lost or exchanged shows. */
function piece(index: number): Buffer {
  const bytes = Buffer.alloc(PIECE, index & 0xff);
  bytes.writeUInt32LE(index, 0);
  bytes.writeUInt32LE(~index >>> 0, PIECE - 4);
  return bytes;
}

it(
  'a value of 512 MB is set and read back, and others are served meanwhile',
  async () => {
    const healthy = await RawClient.connect(server.port);
    const socket = await ProtocolSocket.open(server.port);
    await socket.write(`*3\r\n$3\r\nSET\r\n$4\r\nhuge\r\n$${SIZE}\r\n`);
    for (let i = 0; i < SIZE / PIECE; i++) {
      await socket.write(piece(i));
      if (i % 64 === 0) expect(readable(await healthy.call('PING'))).toBe('PONG');
    }
    await socket.write('\r\n');
    await socket.untilEnding('+OK\r\n');
    expect(await healthy.call('STRLEN', 'huge').then(readable)).toBe(SIZE);
    void socket.write('*2\r\n$3\r\nGET\r\n$4\r\nhuge\r\n');
    const header = Buffer.from(`+OK\r\n$${SIZE}\r\n`);
    const got = await socket.untilBytes(header.length + SIZE + 2);
    expect(got.subarray(0, header.length).toString()).toBe(header.toString());
    for (let i = 0; i < SIZE / PIECE; i++) {
      const from = header.length + i * PIECE;
      if (!got.subarray(from, from + PIECE).equals(piece(i))) expect.fail(`piece ${i} differs`);
    }
    expect(got.subarray(-2).toString()).toBe('\r\n');
    expect(readable(await healthy.call('PING'))).toBe('PONG');
    socket.destroy();
    healthy.close();
  },
  TIMEOUT_MS,
);
