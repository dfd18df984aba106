/** Runs the same tests against our server and, where there is one, the real redis-server: the oracle decides, not our memory. */
import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { ProtocolSocket } from './protocol-socket.ts';
import { RawClient, readable } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

type Argument = string | Buffer | number;

export interface Target {
  readonly name: 'threadis' | 'redis-server';
  /** Sends one command, its words split at spaces; `<name>` in it stands for the further arguments in turn. */
  run(command: string, ...args: Argument[]): Promise<unknown>;
  /** Sends one command given word by word. */
  call(...args: Argument[]): Promise<unknown>;
  /** A connection of its own. */
  client(): Promise<RawClient>;
  /** Sends inline commands on a connection of their own; all bytes that come back. */
  raw(...lines: string[]): Promise<string>;
}

/** Declares the tests for each target. The databases are empty before each test. */
export function describeOnBoth(title: string, args: string[], tests: (target: Target) => void): void {
  describeOn('threadis', true, title, () => startThreadis(['--compat-version', '7.0', ...args]), tests);
  describeOn('redis-server', oracleAvailable(), title, () => startRedis(args), tests);
}

/** Declares tests of what only our server has. */
export function describeOnOurs(title: string, args: string[], tests: (target: Target) => void): void {
  describeOn('threadis', true, title, () => startThreadis(args), tests);
}

function describeOn(
  name: Target['name'],
  available: boolean,
  title: string,
  start: () => Promise<RunningServer>,
  tests: (target: Target) => void,
): void {
  describe.skipIf(!available)(`${title} (${name})`, () => {
    let server: RunningServer;
    let client: RawClient;
    beforeAll(async () => {
      server = await start();
      client = await RawClient.connect(server.port);
    }, 30_000);
    afterAll(async () => {
      client?.close();
      await server?.stop();
    });
    beforeEach(async () => {
      await client.call('SELECT', '0');
      await client.call('FLUSHALL');
    });
    const call = async (...args: Argument[]) => readable(await client.call(...args));
    tests({
      name,
      call,
      run: (command, ...args) => call(...words(command, args)),
      client: () => RawClient.connect(server.port),
      raw: (...lines) => converse(server.port, lines),
    });
  });
}

function words(command: string, args: Argument[]): Argument[] {
  let next = 0;
  return command.split(' ').map((word) => (/^<.*>$/.test(word) ? args[next++] : word));
}

async function converse(port: number, lines: string[]): Promise<string> {
  const socket = await ProtocolSocket.open(port, true);
  await socket.write(`${lines.join('\r\n')}\r\n`);
  socket.halfClose();
  const text = await socket.untilClosed();
  socket.destroy();
  return text;
}
