/**
 * What `ps` and `top` show of the server: set-proc-title and proc-title-template.
 *
 * The runtime writes a title over the arguments that the process was started with and cuts off what does not fit there. So {title}
 * is the program's name without its folders, where Redis has the name as it was called: the usual template then always fits.
 */
import { basename } from 'node:path';
import type { Config } from '../config/config.ts';
import { expandTitle, type TitleWords } from '../config/title.ts';
import { fromBytesText, toBytesText } from '../config/words.ts';

/** Gives the process the title of the configuration's template. */
export function setProcessTitle(config: Config, executable: string, configFile: string | null): void {
  const words = titleWords(config, toBytesText(basename(executable)), toBytesText(configFile ?? ''));
  const title = expandTitle(config.string('proc-title-template'), words);
  if (title !== null) process.title = fromBytesText(title);
}

function titleWords(config: Config, title: string, configFile: string): TitleWords {
  const port = String(config.number('port'));
  return {
    title,
    'listen-addr': `${config.list('bind')[0] ?? '*'}:${port}`,
    'server-mode': '',
    port,
    'tls-port': String(config.number('tls-port')),
    unixsocket: config.string('unixsocket'),
    'config-file': configFile,
  };
}
