/** CONFIG against a running server, ours and the real one. What directives accept is compared in config-oracle.test.ts. */
import { expect, it } from 'vitest';
import { describeOnBoth } from './both-servers.ts';
import { RawClient } from './raw-client.ts';
import { freePort, startThreadis } from './servers.ts';

const OPEN = ['--enable-protected-configs', 'yes'];

function failure(argument: string, why: string): string {
  return `error: ERR CONFIG SET failed (possibly related to argument '${argument}') - ${why}`;
}

describeOnBoth('config', OPEN, ({ run, call, raw }) => {
  it('CONFIG GET: finds names by patterns, each once', async () => {
    expect(await run('CONFIG GET maxmemory')).toEqual(['maxmemory', '0']);
    expect(await run('CONFIG GET MAXMEMORY')).toEqual(['MAXMEMORY', '0']);
    expect(await run('CONFIG GET hz hz h?')).toEqual(['hz', '10']);
    expect(await run('CONFIG GET nosuch')).toEqual([]);
    expect(await raw('HELLO 3', 'CONFIG GET hz')).toMatch(/%1\r\n\$2\r\nhz\r\n\$2\r\n10\r\n$/);
    expect(((await run('CONFIG GET *')) as string[]).length).toBeGreaterThan(300);
  });

  it('CONFIG SET: changes all or nothing', async () => {
    expect(await run('CONFIG SET maxmemory 100mb hz 20')).toBe('OK');
    expect(await run('CONFIG GET maxmemory hz')).toEqual(expect.arrayContaining(['104857600', '20']));
    expect(await run('CONFIG SET hz 30 maxmemory x')).toBe(
      failure('maxmemory', 'argument must be a memory value'),
    );
    expect(await run('CONFIG GET hz')).toEqual(['hz', '20']);
    expect(await run('CONFIG SET maxmemory 0 hz 10')).toBe('OK');
  });

  it('CONFIG SET: refuses what it cannot do', async () => {
    expect(await run('CONFIG SET hz')).toBe("error: ERR wrong number of arguments for 'config|set' command");
    expect(await run('CONFIG SET hz 10 maxmemory')).toBe('error: ERR syntax error');
    expect(await run('CONFIG SET nosuch 1')).toBe(
      "error: ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'",
    );
    expect(await run('CONFIG SET databases 3')).toBe(failure('databases', "can't set immutable config"));
    expect(await run('CONFIG SET hz 10 hz 20')).toBe(failure('hz', 'duplicate parameter'));
  });

  it('CONFIG SET dir: goes where it is told, or says why not', async () => {
    expect(await run('CONFIG SET dir /nonexistent')).toBe(failure('dir', 'No such file or directory'));
    expect(await run('CONFIG SET dir /etc/passwd')).toBe(failure('dir', 'Not a directory'));
    expect(await run('CONFIG SET dir <empty>', '')).toBe(failure('dir', 'No such file or directory'));
    expect(await run('CONFIG SET dir /tmp/../usr')).toBe('OK');
    expect(await run('CONFIG GET dir')).toEqual(['dir', '/usr']);
    expect(await run('CONFIG SET dir .. hz 11')).toBe('OK');
    expect(await run('CONFIG GET dir')).toEqual(['dir', '/']);
    expect(await run('CONFIG SET hz 10')).toBe('OK');
  });

  it('CONFIG SET port: listens there before it answers, and no longer where it was', async () => {
    const [, before] = (await run('CONFIG GET port')) as string[];
    const port = await freePort();
    expect(await call('CONFIG', 'SET', 'port', String(port))).toBe('OK');
    const there = await RawClient.connect(port);
    expect(String(await there.call('PING'))).toBe('PONG');
    await expect(RawClient.connect(Number(before)).then((client) => client.call('PING'))).rejects.toThrow();
    expect(await call('CONFIG', 'SET', 'port', before)).toBe('OK');
    expect(String(await (await RawClient.connect(Number(before))).call('PING'))).toBe('PONG');
    there.close();
  });

  it('CONFIG SET port, bind: stays where it was when the address cannot be had', async () => {
    const taken = await startThreadis();
    const why = 'Unable to listen on this port. Check server logs.';
    expect(await call('CONFIG', 'SET', 'port', String(taken.port))).toBe(failure('port', why));
    expect(await run('CONFIG SET bind 999.1.1.1')).toBe(
      failure('bind', 'Failed to bind to specified addresses.'),
    );
    expect(await run('CONFIG SET bind 192.0.2.1')).toBe(
      failure('bind', 'Failed to bind to specified addresses.'),
    );
    expect(await run('CONFIG GET bind')).toEqual(['bind', '127.0.0.1']);
    expect(await raw('PING')).toBe('+PONG\r\n');
    await taken.stop();
  });

  it('CONFIG SET: what a pipeline sends after it runs after it', async () => {
    expect(await raw('CONFIG SET dir /tmp', 'CONFIG GET dir', 'SET k v', 'GET k')).toBe(
      '+OK\r\n*2\r\n$3\r\ndir\r\n$4\r\n/tmp\r\n+OK\r\n$1\r\nv\r\n',
    );
  });

  it('CONFIG SET maxmemory: is in force for the very next command', async () => {
    expect(await raw('CONFIG SET maxmemory 1', 'SET a b', 'CONFIG SET maxmemory 0', 'SET a b')).toBe(
      "+OK\r\n-OOM command not allowed when used memory > 'maxmemory'.\r\n+OK\r\n+OK\r\n",
    );
  });

  it('CONFIG REWRITE: needs a file', async () => {
    expect(await run('CONFIG REWRITE')).toBe('error: ERR The server is running without a config file');
  });

  it('CONFIG RESETSTAT, HELP and unknown subcommands answer', async () => {
    expect(await run('CONFIG RESETSTAT')).toBe('OK');
    expect(await run('CONFIG foo')).toBe("error: ERR unknown subcommand 'foo'. Try CONFIG HELP.");
    expect(((await run('CONFIG HELP')) as string[])[0]).toMatch(/^CONFIG <subcommand>/);
  });
});
