/** A thread that fails takes the process down, with its stack in the log; one that is busy is reported and left alone. */
import { afterEach, describe, expect, it } from 'vitest';
import { RawClient } from '../command/raw-client.ts';
import { freePort } from '../command/servers.ts';
import { ServerProcess } from './server-process.ts';

let server: ServerProcess;

/** Starts a server in which that fault happens about a second after its start. */
async function startWithFault(fault: string): Promise<number> {
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--io-threads', '2'];
  server = new ServerProcess(args, { THREADIS_FAULT: fault });
  return port;
}

afterEach(() => server.clean());

const DEATHS: [fault: string, said: RegExp][] = [
  ['executor:throw', /Thread executor failed: Error: a fault was asked for\n +at /],
  ['executor:exit', /Thread executor ended unexpectedly with code 0/],
  ['executor:heap', /Thread executor failed: .*memory/],
  ['io:throw', /Thread io-[01] failed: Error: a fault was asked for\n +at /],
  ['io:reject', /Thread io-[01] failed: Error: a rejection was asked for\n +at /],
  ['io:exit', /Thread io-[01] ended unexpectedly with code 0/],
  ['io:heap', /Thread io-[01] failed: .*memory/],
  ['bio:throw', /Thread bio failed: Error: a fault was asked for\n +at /],
  ['bio:reject', /Thread bio failed: Error: a rejection was asked for\n +at /],
  ['bio:exit', /Thread bio ended unexpectedly with code 0/],
  ['bio:heap', /Thread bio failed: .*memory/],
];

describe('a thread that fails', () => {
  it.each(DEATHS)(
    '%s: is logged and ends the process with a code that is not 0',
    async (fault, said) => {
      await startWithFault(fault);
      const code = await server.ended;
      expect(code).not.toBe(0);
      // A runtime that aborts when a heap is full (Node 24) leaves its own report instead of our line.
      if (fault.endsWith(':heap') && code !== 1) expect(server.output).toMatch(/heap/);
      else expect(server.output).toMatch(said);
    },
    30_000,
  );
});

describe('a thread that is busy', () => {
  it.each(['executor', 'io', 'bio'])(
    '%s: is reported and goes on',
    async (thread) => {
      const port = await startWithFault(`${thread}:block`);
      await server.wrote(' has been busy for 2 seconds');
      expect(server.output).toMatch(new RegExp(`Thread ${thread}.* has been busy`));
      await server.wrote(' answers again');
      const client = await RawClient.connect(port);
      expect(String(await client.call('PING'))).toBe('PONG');
      client.close();
      server.signal('SIGTERM');
      expect(await server.ended).toBe(0);
    },
    30_000,
  );
});
