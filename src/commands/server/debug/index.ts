/**
 * DEBUG: aids for tests and for looking inside. Not for applications: enable-debug-command must allow it.
 *
 * Its subcommands are no commands of their own (COMMAND does not list them), so they are told apart here, by name and
 * number of arguments.
 */
import { globMatchString } from '../../../base/glob.ts';
import { parseSafeInteger } from '../../../base/int64.ts';
import * as errors from '../../../resp/errors.ts';
import type { Call } from '../../call.ts';
import { ADMIN, defineCommand, LOADING, NOSCRIPT, PROTECTED, STALE } from '../../define.ts';
import { replyHelp } from '../../help.ts';
import { protectedRefusal } from '../../protected.ts';
import { rewriteConfigFile } from '../config.ts';
import { digest, digestValue } from './digest.ts';
import { listpack, quicklist, quicklistPackedThreshold } from './lists.ts';
import { object } from './object.ts';
import { pauseCron } from './pause-cron.ts';
import { populate } from './populate.ts';
import { protocol } from './protocol.ts';
import { aofFlushSleep, loadAof, reload } from './reload.ts';
import { replyBuffer } from './reply-buffer.ts';

export const DEBUG = defineCommand({
  name: 'DEBUG',
  summary: 'Commands for debugging the server and its tests.',
  group: 'server',
  since: '1.0.0',
  complexity: 'Depends on subcommand.',
  arity: -2, // DEBUG subcommand [argument ...]
  flags: ADMIN | NOSCRIPT | LOADING | STALE | PROTECTED,
  docFlags: ['syscmd'],
  handler: debug,
});

const SLOT_BYTES = 8;

interface Subcommand {
  /** Arguments with DEBUG and the subcommand's name, at least and at most. */
  least: number;
  most: number;
  help: readonly string[];
  run: (call: Call) => void;
}

const SUBCOMMANDS: Record<string, Subcommand> = {
  'aof-flush-sleep': {
    least: 3,
    most: 3,
    help: ['AOF-FLUSH-SLEEP <microsec>', '    Wait so long before each writing to the append only file.'],
    run: aofFlushSleep,
  },
  'change-repl-id': {
    least: 2,
    most: 2,
    help: ['CHANGE-REPL-ID', '    Give the server a new replication id.'],
    run: changeReplicationId,
  },
  assert: {
    least: 2,
    most: 2,
    help: [
      'ASSERT',
      '    Fail as an assertion that does not hold: the server writes a crash report and ends.',
    ],
    run: () => fail('DEBUG ASSERT'),
  },
  'config-rewrite-force-all': {
    least: 2,
    most: 2,
    help: [
      'CONFIG-REWRITE-FORCE-ALL',
      '    CONFIG REWRITE with a line for every directive, those with their defaults too.',
    ],
    run: (call) => rewriteConfigFile(call, true),
  },
  digest: {
    least: 2,
    most: 2,
    help: ['DIGEST', '    A fingerprint of all data, the same for the same data.'],
    run: digest,
  },
  'digest-value': {
    least: 2,
    most: 1 << 20,
    help: ['DIGEST-VALUE <key> [<key> ...]', '    Fingerprints of the values of keys.'],
    run: digestValue,
  },
  error: {
    least: 3,
    most: 3,
    help: ['ERROR <string>', '    Reply that error.'],
    run: (call) => call.reply.error(call.text(2)),
  },
  help: { least: 2, most: 2, help: [], run: help },
  htstats: {
    least: 3,
    most: 3,
    help: ['HTSTATS <dbid>', '    Figures of the tables of a database.'],
    run: tableFigures,
  },
  listpack: {
    least: 3,
    most: 3,
    help: ['LISTPACK <key>', '    Say in the log how a value in one listpack is kept.'],
    run: listpack,
  },
  loadaof: {
    least: 2,
    most: 2,
    help: ['LOADAOF', '    Write what is to be written, empty the databases and load the append only file.'],
    run: loadAof,
  },
  log: {
    least: 3,
    most: 3,
    help: ['LOG <message>', '    Write a line to the log.'],
    run: log,
  },
  object: {
    least: 3,
    most: 3,
    help: ['OBJECT <key>', '    Where the value is and how it is kept.'],
    run: object,
  },
  'pause-cron': {
    least: 3,
    most: 3,
    help: [
      'PAUSE-CRON <0|1>',
      '    Stop or resume what is done many times a second: limits on clients, figures.',
    ],
    run: pauseCron,
  },
  panic: {
    least: 2,
    most: 2,
    help: ['PANIC', '    Fail: the server writes a crash report and ends.'],
    run: () => fail('DEBUG PANIC'),
  },
  populate: {
    least: 3,
    most: 5,
    help: [
      'POPULATE <count> [<prefix>] [<size>]',
      '    Create the keys <prefix>:0, <prefix>:1 ... that do not exist yet. The prefix is',
      "    'key' if none is given.",
    ],
    run: populate,
  },
  protocol: {
    least: 3,
    most: 3,
    help: [
      'PROTOCOL <type>',
      '    Reply an example of a type: string, integer, double, bignum, null, array, set, map,',
      '    attrib, push, verbatim, true, false.',
    ],
    run: protocol,
  },
  quicklist: {
    least: 3,
    most: 4,
    help: ['QUICKLIST <key> [<0|1>]', '    Say in the log how a list is kept.'],
    run: quicklist,
  },
  'quicklist-packed-threshold': {
    least: 3,
    most: 3,
    help: [
      'QUICKLIST-PACKED-THRESHOLD <size>',
      '    Keep elements of lists of so many bytes outside of the blocks. 0 for the default, which is',
      '    also the highest: what no cell of the arena holds.',
    ],
    run: quicklistPackedThreshold,
  },
  reload: {
    least: 2,
    most: 1 << 20,
    help: [
      'RELOAD [option ...]',
      '    Save all databases and load them again. MERGE: keys that are there are replaced; NOFLUSH:',
      '    the databases are not emptied; NOSAVE: the file is loaded that is there.',
    ],
    run: reload,
  },
  replybuffer: {
    least: 4,
    most: 4,
    help: [
      'REPLYBUFFER PEAK-RESET-TIME <NEVER|RESET|milliseconds>, REPLYBUFFER RESIZING <0|1>',
      '    When reply buffers of clients are resized in Redis. There are none here.',
    ],
    run: replyBuffer,
  },
  segfault: {
    least: 2,
    most: 2,
    help: [
      'SEGFAULT',
      '    Fail as at an invalid access to memory: the server writes a crash report and ends.',
    ],
    run: () => fail('DEBUG SEGFAULT: as if it had crashed by signal: 11'),
  },
  'set-active-expire': {
    least: 3,
    most: 3,
    help: [
      'SET-ACTIVE-EXPIRE <0|1>',
      '    Stop or resume deleting keys whose time has come before they are asked for.',
    ],
    run: setActiveExpire,
  },
  'set-skip-checksum-validation': {
    least: 3,
    most: 3,
    help: [
      'SET-SKIP-CHECKSUM-VALIDATION <0|1>',
      '    Let RESTORE take payloads whose checksum is wrong, or not.',
    ],
    run: skipChecksums,
  },
  sleep: {
    least: 3,
    most: 3,
    help: ['SLEEP <seconds>', '    Do nothing for so long. Decimals allowed.'],
    run: sleep,
  },
  'stringmatch-len': {
    least: 4,
    most: 4,
    help: ['STRINGMATCH-LEN <pattern> <string>', '    Reply 1 if the string matches the glob-style pattern.'],
    run: stringMatch,
  },
};

function debug(call: Call): void {
  const refusal = protectedRefusal(call);
  if (refusal !== null) {
    call.reply.error(refusal);
    return;
  }
  const name = call.lowerText(1);
  const subcommand = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (!subcommand || call.argc < subcommand.least || call.argc > subcommand.most) {
    call.reply.error(errors.subcommandSyntax(call.text(1), 'DEBUG'));
    return;
  }
  subcommand.run(call);
}

function help(call: Call): void {
  const lines = Object.values(SUBCOMMANDS).flatMap((subcommand) => subcommand.help);
  replyHelp(call, 'DEBUG', lines);
}

function changeReplicationId(call: Call): void {
  const { server } = call;
  let id = '';
  for (let i = 0; i < 5; i++) id += server.random.nextUint32().toString(16).padStart(8, '0');
  server.replicationId = id;
  call.reply.ok();
}

/** The table of the keys and the index of their expire times; neither has chains. */
function tableFigures(call: Call): void {
  const index = parseSafeInteger(call.bytes, call.start(2), call.end(2));
  const db = call.server.keyspace.databases[index];
  if (db === undefined) {
    call.reply.error(Number.isNaN(index) ? errors.NOT_INTEGER : errors.DEBUG_DATABASE);
    return;
  }
  const { dict, expires } = db;
  const lines = [
    '[Dictionary HT]',
    ...tableLines(dict.count, Math.floor(dict.bytes / SLOT_BYTES)),
    '[Expires HT]',
    ...tableLines(expires.count, Math.floor(expires.bytes / SLOT_BYTES)),
    '',
  ];
  call.reply.verbatim('txt', lines.join('\n'));
}

function tableLines(count: number, slots: number): string[] {
  const title = 'Hash table 0 stats (main hash table):';
  if (count === 0) return [title, 'No stats available for empty dictionaries'];
  return [title, ` table size: ${slots}`, ` number of elements: ${count}`];
}

/** What nobody catches. */
function fail(why: string): never {
  throw new Error(why);
}

function log(call: Call): void {
  call.server.services.log('warning', `DEBUG LOG: ${call.text(2)}`);
  call.reply.ok();
}

function skipChecksums(call: Call): void {
  call.server.checksumEnabled = !(Number.parseInt(call.text(2), 10) > 0);
  call.reply.ok();
}

/** Text that is no number counts as 0, here and in SLEEP. */
function setActiveExpire(call: Call): void {
  call.server.activeExpireEnabled = Number.parseInt(call.text(2), 10) > 0;
  call.reply.ok();
}

function sleep(call: Call): void {
  const seconds = Number.parseFloat(call.text(2));
  if (seconds > 0) call.server.services.sleep(seconds * 1000);
  call.reply.ok();
}

function stringMatch(call: Call): void {
  call.reply.integer(globMatchString(call.text(2), call.text(3)) ? 1 : 0);
}
