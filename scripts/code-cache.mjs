// Keeps the code that V8 makes of the executor's bundle, beside the bundle: workers/executor-start.ts says what for.
//
// The built server is started as anybody would start it, answers a few commands, and is told to stop; what its executor's thread has compiled by
// then is what a start needs (keep-code-cache.cjs, which is loaded into it, writes it down).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const COMMANDS = 'PING\r\nSET key value\r\nGET key\r\nDEL key\r\nINFO\r\nSHUTDOWN NOSAVE\r\n';

/**
 * To be called before the bundle is written anew: V8 would take the old code for the new bundle's if both are of the same length.
 * @param {string} dist the folder of the bundles @param {string} bundle
 */
export function dropCodeCache(dist, bundle) {
  rmSync(`${join(dist, bundle)}.cache`, { force: true });
}

/** @param {string} dist the folder of the bundles @param {string} bundle the name of the one whose code is kept */
export async function writeCodeCache(dist, bundle) {
  const file = join(dist, bundle);
  const folder = mkdtempSync(join(tmpdir(), 'threadis-build-'));
  try {
    await runServer(join(dist, 'main.cjs'), file, join(folder, 'socket'), folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (!existsSync(`${file}.cache`)) throw new Error(`no code cache was written for ${bundle}`);
}

/** A server of its own from its start to its end. */
async function runServer(program, file, socket, folder) {
  const server = spawn(
    process.execPath,
    ['--require', join(here, 'keep-code-cache.cjs'), program]
      .concat(['--port', '0', '--unixsocket', socket, '--dir', folder])
      .concat(['--save', '', '--appendonly', 'no', '--logfile', '', '--executor-thread', 'shared']),
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, THREADIS_KEEP_CODE_OF: file } },
  );
  const ended = once(server, 'exit');
  let log = '';
  for await (const text of server.stdout.setEncoding('utf8')) {
    const wasReady = log.includes('Ready to accept');
    log += text;
    if (!wasReady && log.includes('Ready to accept'))
      net
        .connect(socket)
        .on('error', () => {})
        .end(COMMANDS)
        .resume();
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`the server that was to fill the code cache ended with ${code}:\n${log}`);
}
