/** From the outcome of reading the configuration to a decision: run, print something and leave, or fail. */
import { chdir } from 'node:process';
import type { Config } from '../config/config.ts';
import type { Outcome } from '../config/load.ts';
import { HELP, VERSION_LINE } from '../config/product.ts';
import { fromBytesText, toBytesText } from '../config/words.ts';
import { type LogOptions, ServerLog } from './log.ts';

export interface StartUp {
  config: Config;
  file: string | null;
  /** Writes the first lines of the log. */
  announce: (log: ServerLog) => void;
}

/** Returns what to run with, or null after having set the exit code and said why. */
export function startUp(outcome: Outcome, loadPino: LogOptions['loadPino']): StartUp | null {
  if (outcome.kind === 'action') {
    if (outcome.action.name === 'version') process.stdout.write(`${VERSION_LINE}\n`);
    else if (outcome.action.name === 'help') process.stderr.write(HELP);
    else {
      process.stderr.write(`This server has no '--${outcome.action.name}'\n`);
      process.exitCode = 1;
    }
    return null;
  }
  if (outcome.kind === 'failed') {
    if (outcome.report !== null) process.stderr.write(`${outcome.report}\n`);
    else
      new ServerLog({ level: 'notice', file: '', format: 'text', loadPino }).write(
        'warning',
        outcome.log ?? '',
      );
    process.exitCode = 1;
    return null;
  }
  const { config, file } = outcome;
  enterDirectory(config);
  return { config, file, announce: (log) => announce(log, config, file) };
}

/** CONFIG GET dir tells where the server is, whatever way was written to get there. */
function enterDirectory(config: Config): void {
  if (config.string('dir') !== '') chdir(fromBytesText(config.string('dir')));
  config.assign('dir', toBytesText(process.cwd()));
}

function announce(log: ServerLog, config: Config, file: string | null): void {
  log.write('warning', 'oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo');
  log.write('warning', `${VERSION_LINE}, pid=${process.pid}, just started`);
  if (file === null) {
    log.write(
      'warning',
      'Warning: no config file specified, using the default config. In order to specify a config file use threadis-server /path/to/threadis.conf',
    );
  } else {
    log.write('warning', 'Configuration loaded');
  }
  if (config.bool('syslog-enabled')) {
    log.write('warning', 'syslog-enabled has no effect: the runtime has no way to reach the system log.');
  }
}

/** The server can be reached: who starts one waits for these lines, and connects at once. */
export function announceListening(log: ServerLog, config: Config): void {
  if (config.bool('always-show-logo') || (process.stdout.isTTY && config.string('logfile') === '')) {
    log.write('notice', `Threadis in standalone mode. Port: ${config.number('port')} PID: ${process.pid}`);
  }
  log.write('notice', `Running mode=standalone, port=${config.number('port')}.`);
  log.write('notice', 'Server initialized');
}
