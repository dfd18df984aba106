/** Lines, the command line, and files that include files. */

import { describe, expect, it } from 'vitest';

import type { ConfigFiles } from '../../../src/config/files.ts';
import { DAEMONIZE_REFUSED, type LoadOptions, loadConfig, type Outcome } from '../../../src/config/load.ts';
import { linesOf, meaningfulLine, parseCommandLine } from '../../../src/config/parse.ts';
import { fromBytesText, quoteWord, splitWords, toBytesText } from '../../../src/config/words.ts';

/** Files in memory; a pattern matches by its fixed beginning. */
function filesOf(texts: Record<string, string>, input = ''): ConfigFiles {
  return {
    read: (path) => (path in texts ? { text: texts[path] } : { error: 'No such file or directory' }),
    readInput: () => ({ text: input }),
    glob: (pattern) =>
      Object.keys(texts)
        .filter((path) => path.startsWith(pattern.slice(0, pattern.indexOf('*'))))
        .sort(),
    directoryError: (path) => (path === '/home' || path === '/home/sub' ? null : 'No such file or directory'),
  };
}

function load(argv: string[], files: ConfigFiles = filesOf({}), more: Partial<LoadOptions> = {}): Outcome {
  return loadConfig({
    argv,
    files,
    surroundings: { directory: '/home', cores: 4 },
    product: 'Redis 7.2.4',
    ...more,
  });
}

function loaded(outcome: Outcome) {
  if (outcome.kind !== 'run') throw new Error(JSON.stringify(outcome));
  return outcome.config;
}

function report(outcome: Outcome): string | null {
  return outcome.kind === 'failed' ? outcome.report : null;
}

describe('words of a line', () => {
  it.each([
    ['a  b\tc', ['a', 'b', 'c']],
    ['a "b c" d', ['a', 'b c', 'd']],
    ['"\\x41\\n\\r\\t\\b\\a\\q\\""', ['A\n\r\t\b\x07q"']],
    ["'a\\'b\\n'", ["a'b\\n"]],
    ['"" \'\'', ['', '']],
    ['a#b', ['a#b']],
    ['', []],
  ])('reads %j', (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });

  it.each(['"a', "'a", '"a"b', "'a'b", 'a"b'])('finds the quotes of %j unbalanced', (line) => {
    expect(splitWords(line)).toBeNull();
  });

  it('quotes any bytes so that they can be read again', () => {
    const all = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('');
    expect(splitWords(quoteWord(all))).toEqual([all]);
    expect(fromBytesText(toBytesText('é€'))).toBe('é€');
  });

  it('takes blank lines and comments for nothing', () => {
    expect(['', ' \t\r', '# x', '  # x', ' port 0 \r'].map(meaningfulLine)).toEqual([
      null,
      null,
      null,
      null,
      'port 0',
    ]);
  });

  it('hides the rest of a line behind a NUL, as C does', () => {
    expect(linesOf('port 0\0 junk\nx\ny')).toEqual(['port 0x', 'y']);
  });
});

describe('the command line', () => {
  it('detects what is to be done instead of running', () => {
    expect(
      ['-h', '--help', '-v', '--version', '--check-system'].map(
        (arg) => parseCommandLine([arg]).action?.name,
      ),
    ).toEqual(['help', 'help', 'version', 'version', 'check-system']);
    expect(parseCommandLine(['--test-memory', '64']).action).toEqual({ name: 'test-memory', megabytes: 64 });
    expect(parseCommandLine(['--test-memory']).action).toEqual({ name: 'test-memory', megabytes: null });
    expect(load(['--version', 'x'])).toEqual({ kind: 'action', action: { name: 'version' } });
  });

  it('takes a first argument without dash for the config file', () => {
    expect(parseCommandLine(['a.conf', '--port', '1'])).toMatchObject({ file: 'a.conf', lines: 'port "1" ' });
    expect(parseCommandLine(['--port', '1', 'a.conf'])).toMatchObject({
      file: null,
      lines: 'port "1" "a.conf" ',
    });
  });

  it('takes a dash for standard input when it is first or last', () => {
    expect(parseCommandLine(['-', '--port', '1'])).toMatchObject({ readsInput: true, lines: 'port "1" ' });
    expect(parseCommandLine(['--port', '1', '-'])).toMatchObject({ readsInput: true, lines: 'port "1" ' });
    expect(parseCommandLine(['--port', '-', '1'])).toMatchObject({
      readsInput: false,
      lines: 'port "-" "1" ',
    });
  });

  it('makes save without a value mean no save points', () => {
    expect(parseCommandLine(['--save', '--port', '1']).lines).toBe('save ""\nport "1" ');
    expect(parseCommandLine(['--port', '1', '--save']).lines).toBe('port "1" \nsave ""');
  });

  it('reads file, standard input and options in this order', () => {
    const files = filesOf({ '/home/a.conf': 'timeout 1\nhz 1\ntcp-keepalive 1\n' }, 'timeout 2\nhz 2\n');
    const config = loaded(load(['a.conf', '--timeout', '3', '-'], files));
    expect([config.number('timeout'), config.number('hz'), config.number('tcp-keepalive')]).toEqual([
      3, 2, 1,
    ]);
  });
});

describe('loading', () => {
  it('gives the absolute path of the config file', () => {
    expect(load(['a.conf'], filesOf({ '/home/a.conf': '' }))).toMatchObject({
      kind: 'run',
      file: '/home/a.conf',
    });
    expect(load([])).toMatchObject({ kind: 'run', file: null });
  });

  it('reports the line that is wrong, in the file where it stands', () => {
    const files = filesOf({
      '/home/a.conf': '\n# x\ninclude b.conf\n',
      '/home/b.conf': 'hz 10\n maxmemory foo \n',
    });
    expect(report(load(['a.conf'], files))).toBe(
      "\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\nReading the configuration file, at line 2\n>>> 'maxmemory foo'\n" +
        'argument must be a memory value\n',
    );
  });

  it('logs a file that cannot be opened', () => {
    const log = (path: string) => `Fatal error, can't open config file '${path}': No such file or directory`;
    expect(load(['x.conf'])).toEqual({ kind: 'failed', report: null, log: log('/home/x.conf') });
    expect(load(['--include', 'x.conf'])).toEqual({ kind: 'failed', report: null, log: log('x.conf') });
  });

  it('includes what a pattern matches, in order, and minds no empty pattern', () => {
    const files = filesOf({
      '/home/c.conf': 'include d/*.conf\ninclude none*.conf',
      '/home/d/2.conf': 'hz 2',
      '/home/d/1.conf': 'hz 1',
    });
    expect(loaded(load(['c.conf'], files)).number('hz')).toBe(2);
  });

  it('ends a circle of includes', () => {
    const outcome = load(['a.conf'], filesOf({ '/home/a.conf': 'include a.conf' }));
    expect(outcome).toMatchObject({ kind: 'failed', log: expect.stringContaining('include each other') });
  });

  it('follows dir for the paths after it', () => {
    const files = filesOf({ '/home/a.conf': 'dir sub\ninclude b.conf', '/home/sub/b.conf': 'hz 3' });
    const config = loaded(load(['a.conf'], files));
    expect([config.string('dir'), config.number('hz')]).toEqual(['/home/sub', 3]);
    expect(report(load(['--dir', 'other']))).toContain('No such file or directory');
  });

  it('adds up save lines, but starts from none', () => {
    expect(loaded(load(['--save', '1', '2', '--save', '3 4'])).string('save')).toBe('1 2 3 4');
    expect(loaded(load(['--save', ''])).string('save')).toBe('');
    expect(loaded(load([])).string('save')).toBe('3600 1 300 100 60 10000');
  });

  it('keeps users, renamed commands and modules', () => {
    const text =
      'user a on\nuser b off >x\nrename-command get ""\nRENAME-COMMAND set put\nloadmodule /x.so a\nx.y 1 2\n';
    expect(loaded(load(['-'], filesOf({}, text))).words).toEqual({
      users: [
        ['a', 'on'],
        ['b', 'off', '>x'],
      ],
      renames: [
        ['get', ''],
        ['set', 'put'],
      ],
      modules: [['/x.so', 'a']],
      moduleSettings: [['x.y', '1', '2']],
    });
  });

  it('lets the caller judge users and command names', () => {
    const judge = {
      checkUser: () => "Error in user declaration 'a': no",
      commandExists: (name: string) => name === 'get',
    };
    expect(report(load(['--user', 'a', 'on'], undefined, judge))).toContain(
      "Error in user declaration 'a': no",
    );
    expect(report(load(['--rename-command', 'put', 'x'], undefined, judge))).toContain(
      'No such command in rename-command',
    );
    const twice = ['--rename-command', 'GET', 'x', '--rename-command', 'x', 'get'];
    expect(load(twice, undefined, judge).kind).toBe('run');
  });

  it('refuses daemonize yes, unless a later line says no or the caller can do it', () => {
    const refused = `\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\n${DAEMONIZE_REFUSED}\n`;
    expect(report(load(['--daemonize', 'yes']))).toBe(refused);
    expect(load(['--daemonize', 'yes', '--daemonize', 'no']).kind).toBe('run');
    expect(load(['--daemonize', 'yes'], undefined, { canDaemonize: true }).kind).toBe('run');
  });

  it('knows the compat-version before the other lines', () => {
    expect(load(['--loglevel', 'nothing']).kind).toBe('run');
    expect(report(load(['--loglevel', 'nothing', '--compat-version', '7.0']))).toContain(
      'debug, verbose, notice, warning\n',
    );
  });
});
