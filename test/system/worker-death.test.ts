/** A thread that fails takes the process down, with its stack in the log; one that is busy is reported and left alone. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RawClient } from '../command/raw-client.ts';
import { freePort } from '../command/servers.ts';
import { newDirectory, ServerProcess } from './server-process.ts';

let server: ServerProcess;
let port = 0;

/** Starts a server in which that fault happens; fault.ts says when. */
async function startWithFault(fault: string, threads: readonly string[], dir = newDirectory()) {
  port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', ...threads];
  server = new ServerProcess(args, { THREADIS_FAULT: fault }, dir);
}

/** Has it begin a job on a thread of bio's pool. */
async function startJob(): Promise<RawClient> {
  await server.ready();
  const client = await RawClient.connect(port);
  await client.call('SET', 'k', 'v');
  expect(String(await client.call('BGSAVE'))).toBe('Background saving started');
  return client;
}

/** The process has ended by itself, and has told why. */
async function expectDeath(fault: string, said: RegExp): Promise<void> {
  const code = await server.ended;
  expect(code).not.toBe(0);
  // A runtime that aborts when a heap is full (Node 24) leaves its own report instead of our line.
  if (fault.endsWith(':heap') && code !== 1) expect(server.output).toMatch(/heap/);
  else expect(server.output).toMatch(said);
}

afterEach(() => server.clean());

const THROWN = 'Error: a fault was asked for\n +at ';
const REJECTED = 'Error: a rejection was asked for\n +at ';

/** `NAME` is what the log calls the thread. */
const DEATHS: [fault: string, said: string][] = [
  ['executor:throw', `Thread NAME failed: ${THROWN}`],
  ['executor:exit', 'Thread NAME ended unexpectedly with code 0'],
  ['executor:heap', 'Thread NAME failed: .*memory'],
  ['io:throw', `Thread NAME failed: ${THROWN}`],
  ['io:reject', `Thread NAME failed: ${REJECTED}`],
  ['io:exit', 'Thread NAME ended unexpectedly with code 0'],
  ['io:heap', 'Thread NAME failed: .*memory'],
  ['bio:throw', `Thread NAME failed: ${THROWN}`],
  ['bio:reject', `Thread NAME failed: ${REJECTED}`],
  ['bio:exit', 'Thread NAME ended unexpectedly with code 0'],
  ['bio:heap', 'Thread NAME failed: .*memory'],
];

const JOB_DEATHS: [fault: string, said: RegExp][] = [
  ['job:throw', new RegExp(`Thread job failed: ${THROWN}`)],
  ['job:reject', new RegExp(`Thread job failed: ${REJECTED}`)],
  ['job:exit', /Thread job ended unexpectedly with code 0/],
  ['job:heap', /Thread job failed: .*memory/],
  ['job-idle:throw', new RegExp(`Thread job failed: ${THROWN}`)],
  ['job-idle:reject', new RegExp(`Thread job failed: ${REJECTED}`)],
  ['job-idle:exit', /Thread job ended unexpectedly with code 0/],
  ['job-idle:heap', /Thread job failed: .*memory/],
];

const SETUPS: [name: string, threads: string[], ioName: string][] = [
  ['each on its own', ['--io-threads', '2'], 'io-[01]'],
  ["the only io worker on the executor's", ['--io-threads', '1'], 'executor'],
];

describe.each(SETUPS)('threads, %s', (_, threads, ioName) => {
  const nameOf = (fault: string) => (fault.startsWith('io') ? ioName : fault.split(':')[0]);

  it.each(DEATHS)('%s: is logged and ends the process with a code that is not 0', async (fault, said) => {
    await startWithFault(fault, threads);
    await expectDeath(fault, new RegExp(said.replace('NAME', nameOf(fault))));
  });

  it.each(JOB_DEATHS)('%s: so is that of a thread for jobs', async (fault, said) => {
    await startWithFault(fault, threads);
    const client = await startJob();
    await expectDeath(fault, said);
    // What happened between two jobs did the job no harm.
    expect(existsSync(join(server.dir, 'dump.rdb'))).toBe(fault.startsWith('job-idle'));
    client.close();
  });

  it('job:throw: also in a job that loads, with the executor waiting for it', async () => {
    await startWithFault('none', threads);
    const client = await startJob();
    await expect.poll(() => existsSync(join(server.dir, 'dump.rdb'))).toBe(true);
    client.close();
    server.signal('SIGTERM');
    expect(await server.ended).toBe(0);
    await startWithFault('job:throw', threads, server.dir);
    await expectDeath('job:throw', new RegExp(`Thread job failed: ${THROWN}`));
  });

  it('job:exit: also in a job that a SAVE waits for', async () => {
    await startWithFault('job:exit', threads);
    await server.ready();
    const client = await RawClient.connect(port);
    await Promise.all([
      expect(client.call('SAVE')).rejects.toThrow(),
      expectDeath('job:exit', /Thread job ended unexpectedly with code 0/),
    ]);
  });

  it.each(['executor', 'io', 'bio'])('%s, busy: is reported and goes on', async (thread) => {
    await startWithFault(`${thread}:block`, threads);
    await server.wrote(' has been busy for 2 seconds');
    expect(server.output).toMatch(new RegExp(`Thread ${nameOf(thread)}.* has been busy`));
    await server.wrote(' answers again');
    const client = await RawClient.connect(port);
    expect(String(await client.call('PING'))).toBe('PONG');
    client.close();
    server.signal('SIGTERM');
    expect(await server.ended).toBe(0);
  });

  it('a job that stands still: is reported, holds nobody up, and goes on', async () => {
    await startWithFault('job:stall', threads);
    const client = await startJob();
    await server.wrote('dump.rdb has made no progress for 10 seconds');
    expect(String(await client.call('INFO', 'persistence'))).toContain('rdb_bgsave_in_progress:1');
    writeFileSync(join(server.dir, 'go-on'), '');
    await server.wrote('dump.rdb goes on');
    await server.wrote('Background saving terminated with success');
    expect(String(await client.call('INFO', 'persistence'))).toContain('rdb_bgsave_in_progress:0');
    client.close();
    server.signal('SIGTERM');
    expect(await server.ended).toBe(0);
  });
});
