// Writes the parts of DIFFERENCES.md that follow from tables in the source, between `<!-- name -->` and `<!-- /name -->`.
// `npm run docs` rewrites the file; `npm run docs -- --check` only says whether it is up to date (exit code 1 when not).
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundle } from './bundle.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const file = join(root, 'DIFFERENCES.md');

/** The source's tables, loaded from a throw-away bundle. */
async function tables() {
  const folder = mkdtempSync(join(tmpdir(), 'threadis-docs-'));
  try {
    const outfile = join(folder, 'tables.mjs');
    await bundle({
      stdin: {
        contents: `export { DIRECTIVES } from './src/config/directives.ts'; export { COMMANDS } from './src/commands/all.ts';`,
        resolveDir: root,
      },
      outfile,
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Directives that are accepted and do nothing, grouped by reason. */
function acceptedDirectives(directives) {
  const byReason = new Map();
  for (const { name, effect } of directives) {
    if (effect.kind !== 'accepted') continue;
    byReason.set(effect.reason, [...(byReason.get(effect.reason) ?? []), name]);
  }
  const rows = [...byReason].map(
    ([reason, names]) => `| ${reason} | ${names.map((n) => `\`${n}\``).join(', ')} |`,
  );
  return ['| why | directives |', '| --- | --- |', ...rows].join('\n');
}

/** Commands and subcommands that Redis 7.2 does not have. */
function newerCommands(commands) {
  const all = commands.flatMap((c) => [
    c,
    ...(c.subcommands ?? []).map((s) => ({ ...s, name: `${c.name} ${s.name}` })),
  ]);
  const rows = all.filter((c) => c.origin).map((c) => `| ${c.name} | ${c.origin} | ${c.summary} |`);
  return ['| command | from | what it does |', '| --- | --- | --- |', ...rows].join('\n');
}

function replaceBlock(text, name, body) {
  const pattern = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- /${name} -->)`);
  if (!pattern.test(text)) throw new Error(`${file} has no block ${name}`);
  return text.replace(pattern, (_, open, close) => `${open}\n${body}\n\n${close}`);
}

const { DIRECTIVES, COMMANDS } = await tables();
const before = readFileSync(file, 'utf8');
let after = replaceBlock(before, 'accepted directives', acceptedDirectives(DIRECTIVES));
after = replaceBlock(after, 'newer commands', newerCommands(COMMANDS));
if (process.argv.includes('--check')) {
  if (after !== before) {
    console.error('DIFFERENCES.md does not agree with the source: run `npm run docs`');
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, after);
}
