/** What directives promise: those that are said to work are read by the source, and told of in config/threadis.conf. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { DIRECTIVES, findDirective } from '../../../src/config/directives.ts';
import { nodeFiles } from '../../../src/config/files.ts';
import { loadConfig } from '../../../src/config/load.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const confFile = `${root}config/threadis.conf`;
const working = DIRECTIVES.filter(({ effect }) => effect.kind === 'works');

/** All code but the table of directives itself. */
function source(): string {
  const files = ['src', 'workers'].flatMap((folder) =>
    readdirSync(root + folder, { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`),
  );
  return files
    .filter((file) => file.endsWith('.ts') && !file.startsWith('src/config/directives'))
    .map((file) => readFileSync(root + file, 'utf8'))
    .join('\n');
}

/** The configuration that a file's text makes. */
function read(text: string): Config {
  const files = { ...nodeFiles, readInput: () => ({ text }), directoryError: () => null };
  const surroundings = { directory: '/home', cores: 8 };
  const outcome = loadConfig({ argv: ['-'], files, surroundings, product: 'Redis 7.2.4' });
  if (outcome.kind !== 'run') throw new Error(`${text}: ${JSON.stringify(outcome)}`);
  return outcome.config;
}

/** The lines of threadis.conf that set a directive, or would without their '#'. */
function confLines(): { text: string; name: string; isLive: boolean }[] {
  const lines = readFileSync(confFile, 'latin1').split('\n');
  return lines.flatMap((line) => {
    const [, mark, text, word] = /^(# )?(([a-z_0-9-]+)(?: \S.*)?)$/.exec(line) ?? [];
    const directive = word === undefined ? undefined : findDirective(word);
    return directive === undefined || !isSetting(text)
      ? []
      : [{ text, name: directive.directive.name, isLive: mark === undefined }];
  });
}

/** A comment may begin with a directive's name, too. */
function isSetting(text: string): boolean {
  return (
    !/[a-z]{3,}[,.:;]? [a-z]{2,}[,.:]? [a-z]/.test(text) || text.startsWith('client-output-buffer-limit')
  );
}

/** Commented lines of these are examples: nothing is their default, or it depends on the machine. */
const EXAMPLES = ['unixsocket', 'unixsocketperm', 'io-threads', 'pidfile', 'requirepass'];

describe('directives that work', () => {
  it('are read somewhere', () => {
    const text = source();
    const unread = working.filter(({ name }) => !text.includes(`'${name}'`)).map(({ name }) => name);
    expect(unread).toEqual([]);
  });

  it('have a line each in threadis.conf', () => {
    const told = new Set(confLines().map(({ name }) => name));
    expect(working.map(({ name }) => name).filter((name) => !told.has(name))).toEqual([]);
  });
});

describe('threadis.conf', () => {
  const defaults = read('');

  it('loads, and changes nothing but where it listens', () => {
    const config = read(readFileSync(confFile, 'latin1'));
    const changed = DIRECTIVES.map(({ name }) => name).filter(
      (name) => config.value(name) !== defaults.value(name),
    );
    expect(changed).toEqual(['bind']);
  });

  it('has a line only for what works', () => {
    const idle = confLines().filter(({ name }) => !working.some((directive) => directive.name === name));
    expect(idle.map(({ text }) => text)).toEqual(['daemonize no']);
  });

  for (const { text, name, isLive } of confLines()) {
    if (isLive) continue;
    it(`# ${text}`, () => {
      const value = read(text).value(name);
      if (EXAMPLES.includes(name)) expect(value).not.toBe(defaults.value(name));
      else expect(value).toBe(defaults.value(name));
    });
  }
});
