/** CLIENT, on our server and on the real one. */
import { expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs } from './both-servers.ts';

const SYNTAX = 'error: ERR syntax error';
const FIELDS =
  'id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free argv-mem multi-mem rbs rbp obl oll omem tot-mem events cmd user redir resp';

/** The fields of a line of CLIENT LIST. */
function fields(line: unknown): Record<string, string> {
  const pairs = String(line)
    .trimEnd()
    .split(' ')
    .map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)]);
  return Object.fromEntries(pairs);
}

function lines(list: unknown): string[] {
  return String(list).split('\n').filter(Boolean);
}

describeOnBoth('client', [], ({ run, call, client, raw }) => {
  it('CLIENT INFO: has the fields of 7.0 in their order', async () => {
    const own = fields(await run('CLIENT INFO'));
    expect(Object.keys(own).join(' ')).toBe(FIELDS);
    expect(own).toMatchObject({ cmd: 'client|info', user: 'default', redir: '-1', resp: '2', flags: 'N' });
    expect(own).toMatchObject({ qbuf: '26', 'argv-mem': '10', multi: '-1', db: '0', obl: '0', omem: '0' });
    expect(own.id).toBe(String(await run('CLIENT ID')));
    expect(own.addr).toMatch(/^127\.0\.0\.1:[0-9]+$/);
    expect(Number(own.fd)).toBeGreaterThan(0);
    expect(Number(own['tot-mem'])).toBeGreaterThan(0);
  });

  it('CLIENT LIST: has a line for each connection, and finds them by id', async () => {
    const other = await client();
    const id = String(await other.call('CLIENT', 'ID'));
    await other.call('CLIENT', 'SETNAME', 'the-other');
    await other.call('SELECT', '5');
    const all = lines(await run('CLIENT LIST'));
    expect(all.length).toBe(2);
    const line = all.find((each) => fields(each).id === id);
    expect(fields(line)).toMatchObject({ name: 'the-other', db: '5', cmd: 'select' });
    expect(lines(await call('CLIENT', 'LIST', 'ID', id)).map((each) => fields(each).id)).toEqual([id]);
    expect(lines(await call('CLIENT', 'LIST', 'ID', '999999', id)).length).toBe(1);
    expect(lines(await run('CLIENT LIST TYPE normal')).length).toBe(2);
    expect(await run('CLIENT LIST TYPE pubsub')).toBe('');
    other.close();
  });

  it('CLIENT LIST: refuses what it does not know', async () => {
    expect(await run('CLIENT LIST TYPE foo')).toBe("error: ERR Unknown client type 'foo'");
    expect(await run('CLIENT LIST ID')).toBe(SYNTAX);
    expect(await run('CLIENT LIST ID 1 x')).toBe('error: ERR Invalid client ID');
    expect(await run('CLIENT LIST foo')).toBe(SYNTAX);
  });

  it('CLIENT SETNAME: takes printable names and an empty one', async () => {
    expect(await run('CLIENT GETNAME')).toBeNull();
    expect(await run('CLIENT SETNAME one')).toBe('OK');
    expect(await run('CLIENT GETNAME')).toBe('one');
    expect(await call('CLIENT', 'SETNAME', 'a b')).toMatch(/^error: ERR Client names cannot contain/);
    expect(await call('CLIENT', 'SETNAME', 'a\nb')).toMatch(/^error: ERR Client names cannot contain/);
    expect(await call('CLIENT', 'SETNAME', '')).toBe('OK');
    expect(await run('CLIENT GETNAME')).toBeNull();
  });

  it('CLIENT REPLY: OFF silences, SKIP once, ON answers again', async () => {
    expect(await raw('CLIENT REPLY OFF', 'PING', 'NOSUCH', 'CLIENT REPLY ON', 'PING')).toBe(
      '+OK\r\n+PONG\r\n',
    );
    expect(await raw('CLIENT REPLY SKIP', 'PING', 'PING')).toBe('+PONG\r\n');
    expect(await raw('CLIENT REPLY SKIP', 'CLIENT REPLY SKIP', 'PING', 'PING')).toBe('+PONG\r\n');
    expect(await raw('CLIENT REPLY SKIP', 'CLIENT REPLY ON', 'PING')).toBe('+OK\r\n+PONG\r\n');
    expect(await raw('CLIENT REPLY OFF', 'CLIENT REPLY SKIP', 'PING', 'RESET', 'PING')).toBe(
      '+RESET\r\n+PONG\r\n',
    );
    expect(await raw('CLIENT REPLY SKIP', 'RESET', 'PING')).toBe('+PONG\r\n');
    expect(await run('CLIENT REPLY maybe')).toBe(SYNTAX);
  });

  it('CLIENT REPLY OFF: silences a change that another thread has to make, too', async () => {
    expect(await raw('CLIENT REPLY OFF', 'CONFIG REWRITE', 'CLIENT REPLY ON', 'PING')).toBe(
      '+OK\r\n+PONG\r\n',
    );
  });

  it('CLIENT NO-EVICT: shows in the flags', async () => {
    expect(await run('CLIENT NO-EVICT on')).toBe('OK');
    expect(fields(await run('CLIENT INFO')).flags).toBe('e');
    expect(await run('CLIENT NO-EVICT off')).toBe('OK');
    expect(fields(await run('CLIENT INFO')).flags).toBe('N');
    expect(await run('CLIENT NO-EVICT maybe')).toBe(SYNTAX);
  });

  it('CLIENT KILL: closes by address, id and type', async () => {
    const address = async (other: Awaited<ReturnType<typeof client>>) =>
      fields(await other.call('CLIENT', 'INFO')).addr;
    const [a, b, c] = await Promise.all([client(), client(), client()]);
    expect(await call('CLIENT', 'KILL', await address(a))).toBe('OK');
    await a.closed();
    expect(await call('CLIENT', 'KILL', 'ID', String(await b.call('CLIENT', 'ID')))).toBe(1);
    await b.closed();
    expect(await call('CLIENT', 'KILL', 'ADDR', await address(c), 'TYPE', 'pubsub')).toBe(0);
    expect(await call('CLIENT', 'KILL', 'ADDR', await address(c), 'TYPE', 'normal')).toBe(1);
    await c.closed();
    expect(lines(await run('CLIENT LIST')).length).toBe(1);
  });

  it('CLIENT KILL: spares the one that asks unless told otherwise', async () => {
    expect(await run('CLIENT KILL TYPE normal')).toBe(0);
    expect(await call('CLIENT', 'KILL', 'ID', String(await run('CLIENT ID')))).toBe(0);
    expect(await raw('CLIENT KILL ADDR 1.2.3.4:1 SKIPME yes', 'PING')).toBe(':0\r\n+PONG\r\n');
  });

  it('CLIENT KILL: answers the one that kills itself, and then closes', async () => {
    const other = await client();
    const own = fields(await other.call('CLIENT', 'INFO')).addr;
    expect(String(await other.call('CLIENT', 'KILL', own))).toBe('OK');
    await other.closed();
  });

  it('CLIENT KILL: refuses what makes no sense', async () => {
    expect(await run('CLIENT KILL')).toBe("error: ERR wrong number of arguments for 'client|kill' command");
    expect(await run('CLIENT KILL 1.1.1.1:1')).toBe('error: ERR No such client');
    expect(await run('CLIENT KILL id foo')).toBe('error: ERR client-id should be greater than 0');
    expect(await run('CLIENT KILL id -1')).toBe('error: ERR client-id should be greater than 0');
    expect(await run('CLIENT KILL id 10 wrong')).toBe(SYNTAX);
    expect(await run('CLIENT KILL type foo')).toBe("error: ERR Unknown client type 'foo'");
    expect(await run('CLIENT KILL user foo')).toBe("error: ERR No such user 'foo'");
    expect(await run('CLIENT KILL skipme maybe')).toBe(SYNTAX);
    expect(await run('CLIENT KILL what ever')).toBe(SYNTAX);
  });

  it('CLIENT: an unknown subcommand points to HELP, and HELP is there', async () => {
    expect(await run('CLIENT foo')).toBe("error: ERR unknown subcommand 'foo'. Try CLIENT HELP.");
    expect(await run('CLIENT')).toBe("error: ERR wrong number of arguments for 'client' command");
    expect(((await run('CLIENT HELP')) as string[])[0]).toBe(
      'CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
    );
  });

  it('CLIENT INFO and LIST: are verbatim text in RESP3', async () => {
    expect(await raw('HELLO 3', 'CLIENT INFO')).toMatch(/=[0-9]+\r\ntxt:id=[^\r]* resp=3\n\r\n$/);
    expect(await raw('HELLO 3', 'CLIENT LIST')).toMatch(/=[0-9]+\r\ntxt:id=/);
  });
});

describeOnOurs('client of 7.2', [], ({ run, call, client, raw }) => {
  it('CLIENT SETINFO: shows in the list', async () => {
    expect(await run('CLIENT SETINFO LIB-NAME mylib')).toBe('OK');
    expect(await run('CLIENT SETINFO lib-ver 1.2.3')).toBe('OK');
    expect(fields(await run('CLIENT INFO'))).toMatchObject({ 'lib-name': 'mylib', 'lib-ver': '1.2.3' });
    expect(await call('CLIENT', 'SETINFO', 'LIB-NAME', 'a b')).toBe(
      'error: ERR lib-name cannot contain spaces, newlines or special characters.',
    );
    expect(await run('CLIENT SETINFO foo bar')).toBe("error: ERR Unrecognized option 'foo'");
  });

  it('CLIENT NO-TOUCH: reads leave the time of the last use as it is', async () => {
    await run('SET k v');
    await run('CONFIG SET maxmemory-policy allkeys-lfu');
    await run('SET counted v');
    for (let i = 0; i < 50; i++) await run('GET counted');
    const before = Number(await run('OBJECT FREQ counted'));
    expect(await run('CLIENT NO-TOUCH on')).toBe('OK');
    expect(fields(await run('CLIENT INFO')).flags).toBe('T');
    for (let i = 0; i < 500; i++) await run('GET counted');
    expect(await run('OBJECT FREQ counted')).toBe(before);
    expect(await run('CLIENT NO-TOUCH off')).toBe('OK');
    for (let i = 0; i < 500; i++) await run('GET counted');
    expect(Number(await run('OBJECT FREQ counted'))).toBeGreaterThan(before);
    await run('CONFIG SET maxmemory-policy noeviction');
  });

  it('CLIENT KILL MAXAGE: closes only those that are old enough', async () => {
    const other = await client();
    await other.call('PING');
    expect(await run('CLIENT KILL MAXAGE 1000')).toBe(0);
    expect(await run('CLIENT KILL MAXAGE 0')).toBe('error: ERR maxage should be greater than 0');
    expect(await run('CLIENT KILL MAXAGE x')).toBe('error: ERR maxage is not an integer or out of range');
    other.close();
  });

  it('RESET: ends NO-EVICT and NO-TOUCH and leaves the library', async () => {
    const text = await raw(
      'CLIENT NO-EVICT on',
      'CLIENT NO-TOUCH on',
      'CLIENT SETINFO LIB-NAME l',
      'RESET',
      'CLIENT INFO',
    );
    expect(text).toMatch(/ flags=N .* lib-name=l /);
  });

  it('CLIENT LIST: of a thousand connections has a thousand lines', async () => {
    const others = await Promise.all(Array.from({ length: 1000 }, () => client()));
    await Promise.all(others.map((other) => other.call('PING')));
    expect(lines(await run('CLIENT LIST')).length).toBe(1001);
    for (const other of others) other.close();
  });
});
