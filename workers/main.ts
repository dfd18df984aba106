/** The main thread: reads the configuration, then supervises. See src/supervisor/supervisor.ts. */
import { createRequire } from 'node:module';
import os from 'node:os';
import v8 from 'node:v8';
import { nodeFiles } from '../src/config/files.ts';
import { loadConfig } from '../src/config/load.ts';
import { toBytesText } from '../src/config/words.ts';
import { ServerLog } from '../src/supervisor/log.ts';
import { startUp } from '../src/supervisor/start-up.ts';
import { Supervisor } from '../src/supervisor/supervisor.ts';

const startMs = Date.now();
// Before any worker starts: ArrayBuffer.prototype.transfer exists on Node 20 only behind this flag, which newer ones do not know.
if (!('transfer' in ArrayBuffer.prototype)) v8.setFlagsFromString('--harmony-rab-gsab-transfer');
// The functions of the command path are small, as a reader wants them; V8's budgets for inlining end in the middle of it. The executor's time per
// command with these: LPUSH 0.30 -> 0.24 us, HSET and SADD -5 %, GET and SET the same; twice as much again gains nothing.
v8.setFlagsFromString('--max-inlined-bytecode-size-cumulative=3000');
v8.setFlagsFromString('--max-inlined-bytecode-size=1500');

/** Loaded only for a configuration that renames commands: main has no use for the commands otherwise. */
function commandNames(): ReadonlySet<string> {
  return createRequire(import.meta.url)('./command-names.cjs').COMMAND_NAMES;
}

const config = startUp(
  loadConfig({
    argv: process.argv.slice(2),
    files: nodeFiles,
    surroundings: {
      directory: toBytesText(process.cwd()),
      cores: os.availableParallelism(),
      // For those who start the server by a command line that is not theirs to add to: a test suite.
      compat: process.env.THREADIS_COMPAT_VERSION === '7.0' ? '7.0' : '7.2',
    },
    product: 'Redis 7.2.4',
    commandExists: (name) => commandNames().has(name),
  }),
);
if (config !== null) {
  const log = new ServerLog({
    level: config.config.string('loglevel'),
    file: config.config.string('logfile'),
    format: config.config.string('log-format'),
  });
  config.announce(log);
  new Supervisor({
    config: config.config,
    configFile: config.file,
    log,
    workerUrl: (kind) => new URL(`./${kind}.js`, import.meta.url),
    startMs,
    executable: process.argv[1] ?? '',
  }).start();
}
