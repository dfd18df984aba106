/** HELLO, AUTH, RESET, QUIT and PING over a socket, on our server and on the real one. */
import { expect, it } from 'vitest';
import { describeOnBoth } from './both-servers.ts';

const SYNTAX = 'error: ERR syntax error';
const WRONGPASS = 'error: WRONGPASS invalid username-password pair or user is disabled.';
const NOAUTH = 'error: NOAUTH Authentication required.';
const NAME = 'error: ERR Client names cannot contain spaces, newlines or special characters.';

/** A HELLO reply as bytes, with the ids taken out. */
function withoutId(text: string): string {
  return text.replace(/:[0-9]+\r\n(?=\$4\r\nmode)/, ':ID\r\n');
}

describeOnBoth('connection', [], ({ run, call, client, raw }) => {
  it('HELLO: introduces the server in the protocol that it has just agreed on', async () => {
    expect(await run('HELLO')).toEqual([
      'server',
      'redis',
      'version',
      '7.0.15',
      'proto',
      2,
      'id',
      expect.any(Number),
      'mode',
      'standalone',
      'role',
      'master',
      'modules',
      [],
    ]);
    const three = withoutId(await raw('HELLO 3'));
    expect(three).toBe(
      '%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n' +
        '$2\r\nid\r\n:ID\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n',
    );
    expect(withoutId(await raw('HELLO 3', 'HELLO 2')).slice(three.length)).toMatch(/^\*14\r\n/);
  });

  it('HELLO: refuses versions and options that it does not know', async () => {
    expect(await run('HELLO x')).toBe('error: ERR Protocol version is not an integer or out of range');
    expect(await run('HELLO 1')).toBe('error: NOPROTO unsupported protocol version');
    expect(await run('HELLO 4')).toBe('error: NOPROTO unsupported protocol version');
    expect(await run('HELLO 2 foo')).toBe("error: ERR Syntax error in HELLO option 'foo'");
    expect(await run('HELLO 2 auth x')).toBe("error: ERR Syntax error in HELLO option 'auth'");
    expect(await run('HELLO 2 SETNAME')).toBe("error: ERR Syntax error in HELLO option 'SETNAME'");
    expect(await run('HELLO 2 AUTH nobody x')).toBe(WRONGPASS);
    expect(await call('HELLO', 2, 'SETNAME', 'a b')).toBe(NAME);
  });

  it('HELLO: names the connection', async () => {
    const other = await client();
    await other.call('HELLO', '2', 'SETNAME', 'worker-7');
    expect(String(await other.call('CLIENT', 'GETNAME'))).toBe('worker-7');
    other.close();
  });

  it('AUTH: complains when there is no password to give', async () => {
    expect(await run('AUTH x')).toBe(
      'error: ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
    );
    expect(await run('AUTH default x')).toBe('OK');
    expect(await run('AUTH nobody x')).toBe(WRONGPASS);
    expect(await run('AUTH a b c')).toBe(SYNTAX);
  });

  it('RESET: takes the connection back to where it began', async () => {
    const text = await raw('HELLO 3 SETNAME a', 'SELECT 3', 'RESET', 'CLIENT GETNAME', 'CLIENT INFO');
    expect(text).toContain('+OK\r\n+RESET\r\n$-1\r\n$');
    expect(text).toMatch(/ name= .* db=0 .* resp=2/);
  });

  it('QUIT: answers, closes, and runs nothing more', async () => {
    expect(await raw('SET k v', 'QUIT', 'SET k w', 'PING')).toBe('+OK\r\n+OK\r\n');
    expect(await run('GET k')).toBe('v');
    expect(await raw('QUIT for good')).toBe('+OK\r\n');
  });

  it('PING, ECHO: answer', async () => {
    expect(await run('PING')).toBe('PONG');
    expect(await run('PING hi')).toBe('hi');
    expect(await run('PING a b')).toBe("error: ERR wrong number of arguments for 'ping' command");
    expect(await run('ECHO hi')).toBe('hi');
  });
});

describeOnBoth('requirepass', [], ({ run, client, raw }) => {
  it('asks new connections for the password and leaves old ones in', async () => {
    expect(await run('CONFIG SET requirepass secret')).toBe('OK');
    expect(await run('PING')).toBe('PONG');
    expect(await raw('PING', 'GET k', 'AUTH wrong', 'AUTH default wrong', 'PING')).toBe(
      '-NOAUTH Authentication required.\r\n'.repeat(2) +
        '-WRONGPASS invalid username-password pair or user is disabled.\r\n'.repeat(2) +
        '-NOAUTH Authentication required.\r\n',
    );
    expect(await raw('AUTH secret', 'PING')).toBe('+OK\r\n+PONG\r\n');
    expect(await raw('AUTH default secret', 'PING')).toBe('+OK\r\n+PONG\r\n');
    expect(await raw('AUTH someone secret', 'AUTH secret')).toMatch(/^-WRONGPASS .*\r\n\+OK\r\n$/);
    await run('CONFIG SET requirepass <empty>', '');
  });

  it('lets HELLO authenticate, and refuses it before that', async () => {
    await run('CONFIG SET requirepass secret');
    expect(await raw('HELLO 3')).toMatch(
      /^-NOAUTH HELLO must be called with the client already authenticated,/,
    );
    expect(await raw('HELLO 3 AUTH default secret', 'PING')).toMatch(/^%7\r\n.*\+PONG\r\n$/s);
    expect(await raw('HELLO 3 AUTH default wrong')).toMatch(/^-WRONGPASS/);
    await run('CONFIG SET requirepass <empty>', '');
  });

  it('opens the door to everyone who waits when the password goes away', async () => {
    await run('CONFIG SET requirepass secret');
    const waiting = await client();
    expect(await waiting.call('PING').then(String)).toContain(NOAUTH.slice('error: '.length));
    await run('CONFIG SET requirepass <empty>', '');
    expect(String(await waiting.call('PING'))).toBe('PONG');
    waiting.close();
  });

  it('makes RESET a way out', async () => {
    await run('CONFIG SET requirepass secret');
    expect(await raw('AUTH secret', 'RESET', 'PING', 'AUTH secret')).toBe(
      '+OK\r\n+RESET\r\n-NOAUTH Authentication required.\r\n+OK\r\n',
    );
    await run('CONFIG SET requirepass <empty>', '');
  });
});
