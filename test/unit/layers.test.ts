/**
 * Arrows between the folders of src point down: a folder imports from lower layers, or within its own layer as long as the
 * folders do not go round in a circle. Types count: what two threads say to each other belongs to neither of them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

const LAYERS: Record<string, number> = {
  base: 0,
  ring: 1,
  resp: 1,
  memory: 1,
  config: 1,
  keyspace: 2,
  types: 2,
  rdb: 2,
  commands: 3,
  pubsub: 3,
  transactions: 3,
  scripting: 3,
  acl: 3,
  tracking: 3,
  executor: 4,
  net: 4,
  persistence: 4,
  replication: 4,
  cluster: 4,
  sentinel: 4,
  observability: 4,
  supervisor: 4,
};

/** The lower layers know no files, sockets or threads: everything comes to them by argument. Paths are only text. */
const FROM_NODE: Record<string, string[]> = {
  'config/files.ts': ['node:fs', 'node:path'],
  'config/load.ts': ['node:path'],
  'config/special-types.ts': ['node:path'],
  'ring/messages.ts': ['node:worker_threads'],
};
/** Layers up to this one are pure. */
const PURE_UNTIL = 3;

interface Import {
  file: string;
  from: string;
  to: string;
}

function sources(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  return [
    ...text.matchAll(/^(?:import|export)[^'"]*?from '([^']+)';|^import '([^']+)';|import\('([^']+)'\)/gm),
  ].map((match) => match[1] ?? match[2] ?? match[3]);
}

function folderOf(path: string): string {
  return path.split('/')[0];
}

const FILES = sources();
const IMPORTS: Import[] = FILES.flatMap((file) =>
  importsOf(file)
    .filter((target) => target.startsWith('.'))
    .map((target) => relative(SRC, resolve(SRC, dirname(file), target)))
    .map((to) => ({ file, from: folderOf(file), to: folderOf(to) })),
);

/** Folder pairs within one layer, as a graph. */
function circles(): string[] {
  const edges = new Map<string, Set<string>>();
  for (const { from, to } of IMPORTS) {
    if (from === to || LAYERS[from] !== LAYERS[to]) continue;
    edges.set(from, (edges.get(from) ?? new Set()).add(to));
  }
  const found: string[] = [];
  const walk = (path: string[]): void => {
    for (const next of edges.get(path[path.length - 1]) ?? []) {
      if (path.includes(next)) found.push([...path.slice(path.indexOf(next)), next].join(' -> '));
      else walk([...path, next]);
    }
  };
  for (const folder of edges.keys()) walk([folder]);
  return found;
}

describe('layers', () => {
  it('every folder of src has its place', () => {
    expect([...new Set(FILES.map(folderOf))].filter((folder) => LAYERS[folder] === undefined)).toEqual([]);
  });

  it('there are imports to judge', () => {
    expect(IMPORTS.length).toBeGreaterThan(200);
    expect(IMPORTS).toContainEqual({ file: 'net/io-worker.ts', from: 'net', to: 'ring' });
  });

  it('imports point down', () => {
    const upward = IMPORTS.filter(({ from, to }) => LAYERS[to] > LAYERS[from]);
    expect(upward.map(({ file, to }) => `${file} imports from ${to}`)).toEqual([]);
  });

  it('imports stay within src', () => {
    expect(IMPORTS.filter(({ to }) => to === '..')).toEqual([]);
  });

  it('folders of one layer do not go round in a circle', () => {
    expect(circles()).toEqual([]);
  });

  it('the lower layers use nothing of Node that is not named here, and no package', () => {
    const foreign = FILES.filter((file) => LAYERS[folderOf(file)] <= PURE_UNTIL).flatMap((file) =>
      importsOf(file)
        .filter((target) => !target.startsWith('.') && !FROM_NODE[file]?.includes(target))
        .map((target) => `${file} imports ${target}`),
    );
    expect(foreign).toEqual([]);
  });

  it('the threads know each other only by what travels between them', () => {
    const threads = ['executor', 'net', 'supervisor'];
    const crossing = IMPORTS.filter(
      ({ from, to }) => from !== to && threads.includes(from) && threads.includes(to),
    );
    expect(crossing.map(({ file, to }) => `${file} imports from ${to}`)).toEqual([]);
  });
});
