/** The main thread: reads the configuration, then supervises. See src/supervisor/supervisor.ts. */
// biome-ignore assist/source/organizeImports: this import starts the executor's thread, and the earlier the better.
import { executorThread } from '../src/supervisor/executor-thread.ts';
import { createRequire } from 'node:module';
import os from 'node:os';
import { join } from 'node:path';
import { nodeFiles } from '../src/config/files.ts';
import { loadConfig } from '../src/config/load.ts';
import { toBytesText } from '../src/config/words.ts';
import { ServerLog } from '../src/supervisor/log.ts';
import { startUp } from '../src/supervisor/start-up.ts';
import { Supervisor } from '../src/supervisor/supervisor.ts';
import { raiseInliningBudgets } from '../src/supervisor/v8-flags.ts';

const startMs = Date.now();
const require = createRequire(__filename);

/** Loaded only for a configuration that renames commands: main has no use for the commands otherwise. */
function commandNames(): ReadonlySet<string> {
  return require('./command-names.cjs').COMMAND_NAMES;
}

/** In one piece, which takes a third of the time that its thirty files take. */
function loadPino(): typeof import('pino') {
  return require('./pino.cjs');
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
  loadPino,
);
if (config !== null) {
  const log = new ServerLog({
    level: config.config.string('loglevel'),
    file: config.config.string('logfile'),
    format: config.config.string('log-format'),
    loadPino,
  });
  new Supervisor({
    config: config.config,
    configFile: config.file,
    log,
    executorThread,
    workerFile: (kind) => join(__dirname, `${kind}.cjs`),
    startMs,
    executable: process.argv[1] ?? '',
    onThreadsUp: raiseInliningBudgets,
  }).start();
  // The threads are on their way.
  config.announce(log);
}
