/*
 * The process: databases, files, log, start and stop, and what is guarded.
 *
 * Ours beside Redis's: compat-version (whose manners are kept) and log-format; tools of 7.0 that go through CONFIG GET * do not
 * meet them. daemonize is read as Redis reads it, but the loader
 * refuses a `yes` that is still there at the end: there is no fork to go into the background with.
 *
 * A value with a rule beyond its form has a check: a title template must name known variables and not come out empty, and the
 * shutdown flags SAVE and NOSAVE contradict each other. hz is pulled into its range instead of refused.
 */

import { accepted, type Directive, type Value, WORKS } from '../directive.ts';
import { workingDirectory } from '../special-types.ts';
import { expandTitle, type TitleWords } from '../title.ts';
import {
  INT_MAX,
  integer,
  LONG_MAX,
  oneOf,
  optionalText,
  someOf,
  text,
  unsigned,
  yesNo,
} from '../value-types.ts';
import {
  NO_ACL,
  NO_DEBUG_HOOK,
  NO_MEMORY_CHECK,
  NO_MODULES,
  NO_PINNING,
  NO_PLATFORM,
  NO_SYSLOG,
} from './reasons.ts';

const HZ_MIN = 1n;
const HZ_MAX = 500n;

const whoMay = oneOf('no', 'yes', 'local');
const shutdownFlags = someOf('default', 'save', 'nosave', 'now', 'force');
const cpuList = optionalText;

function clampHz(value: Value): Value {
  if ((value as bigint) < HZ_MIN) return HZ_MIN;
  return (value as bigint) > HZ_MAX ? HZ_MAX : value;
}

/** SAVE and NOSAVE contradict each other. */
function checkShutdownFlags(value: Value): string | null {
  const flags = (value as string).split(' ');
  if (!flags.includes('save') || !flags.includes('nosave')) return null;
  return "shutdown options SAVE and NOSAVE can't be used simultaneously";
}

/** What a title says of a server that has nothing but a port; a title must not come out empty. */
const TITLE_SAMPLE: TitleWords = {
  title: '',
  'listen-addr': '*:6379',
  'server-mode': '',
  port: '6379',
  'tls-port': '0',
  unixsocket: '',
  'config-file': '',
};

function checkTitle(value: Value): string | null {
  const title = expandTitle(value as string, TITLE_SAMPLE);
  return title === null || title === '' ? 'template format is invalid or contains unknown variables' : null;
}

export const GENERAL: readonly Directive[] = [
  {
    name: 'compat-version',
    type: oneOf('7.0', '7.2'),
    initial: (surroundings) => surroundings.compat ?? '7.2',
    startOnly: true,
    hidden: '7.0',
    effect: WORKS,
  },
  { name: 'databases', type: integer(1, INT_MAX), initial: 16n, startOnly: true, effect: WORKS },
  { name: 'hz', type: integer(0, INT_MAX), initial: 10n, clamp: clampHz, effect: WORKS },
  {
    name: 'dynamic-hz',
    type: yesNo,
    initial: true,
    effect: accepted('timers run when they are due, however many clients there are'),
  },
  {
    name: 'daemonize',
    type: yesNo,
    initial: false,
    startOnly: true,
    effect: accepted('only no: a service manager puts the server into the background'),
  },
  {
    name: 'supervised',
    type: oneOf('upstart', 'systemd', 'auto', 'no'),
    initial: 'no',
    startOnly: true,
    effect: accepted('the service manager is not notified'),
  },
  { name: 'pidfile', type: optionalText, initial: '', startOnly: true, effect: WORKS },
  {
    name: 'dir',
    type: workingDirectory,
    initial: (surroundings) => surroundings.directory,
    protected: true,
    denyLoading: true,
    async: true,
    effect: WORKS,
  },
  {
    name: 'loglevel',
    type: oneOf('debug', 'verbose', 'notice', 'warning', { word: 'nothing', since: '7.2' }),
    initial: 'notice',
    effect: WORKS,
  },
  { name: 'logfile', type: text, initial: '', startOnly: true, effect: WORKS },
  {
    name: 'log-format',
    type: oneOf('text', 'json'),
    initial: 'text',
    startOnly: true,
    hidden: '7.0',
    effect: WORKS,
  },
  { name: 'syslog-enabled', type: yesNo, initial: false, startOnly: true, effect: NO_SYSLOG },
  { name: 'syslog-ident', type: text, initial: 'redis', startOnly: true, effect: NO_SYSLOG },
  {
    name: 'syslog-facility',
    type: oneOf('user', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'),
    initial: 'local0',
    startOnly: true,
    effect: NO_SYSLOG,
  },
  { name: 'always-show-logo', type: yesNo, initial: false, startOnly: true, effect: WORKS },
  { name: 'set-proc-title', type: yesNo, initial: true, startOnly: true, effect: WORKS },
  {
    name: 'proc-title-template',
    type: text,
    initial: '{title} {listen-addr} {server-mode}',
    check: checkTitle,
    async: true,
    effect: WORKS,
  },
  { name: 'locale-collate', type: text, initial: '', since: '7.2', effect: NO_PLATFORM },
  { name: 'ignore-warnings', type: text, initial: '', effect: accepted('no such warnings are given') },
  { name: 'disable-thp', type: yesNo, initial: true, startOnly: true, effect: NO_PLATFORM },
  {
    name: 'shutdown-timeout',
    type: integer(0, INT_MAX),
    initial: 10n,
    effect: accepted('there are no replicas to wait for'),
  },
  {
    name: 'shutdown-on-sigint',
    type: shutdownFlags,
    initial: 'default',
    check: checkShutdownFlags,
    effect: WORKS,
  },
  {
    name: 'shutdown-on-sigterm',
    type: shutdownFlags,
    initial: 'default',
    check: checkShutdownFlags,
    effect: WORKS,
  },
  { name: 'requirepass', type: optionalText, initial: '', sensitive: true, effect: WORKS },
  { name: 'aclfile', type: text, initial: '', startOnly: true, effect: NO_ACL },
  { name: 'acllog-max-len', type: unsigned(0, LONG_MAX), initial: 128n, effect: NO_ACL },
  {
    name: 'acl-pubsub-default',
    type: oneOf('allchannels', 'resetchannels'),
    initial: 'resetchannels',
    effect: NO_ACL,
  },
  { name: 'enable-protected-configs', type: whoMay, initial: 'no', startOnly: true, effect: WORKS },
  { name: 'enable-debug-command', type: whoMay, initial: 'no', startOnly: true, effect: WORKS },
  { name: 'enable-module-command', type: whoMay, initial: 'no', startOnly: true, effect: NO_MODULES },
  { name: 'server_cpulist', type: cpuList, initial: '', startOnly: true, effect: NO_PINNING },
  { name: 'bio_cpulist', type: cpuList, initial: '', startOnly: true, effect: NO_PINNING },
  { name: 'aof_rewrite_cpulist', type: cpuList, initial: '', startOnly: true, effect: NO_PINNING },
  { name: 'bgsave_cpulist', type: cpuList, initial: '', startOnly: true, effect: NO_PINNING },
  { name: 'crash-log-enabled', type: yesNo, initial: true, effect: WORKS },
  { name: 'crash-memcheck-enabled', type: yesNo, initial: true, effect: NO_MEMORY_CHECK },
  { name: 'use-exit-on-panic', type: yesNo, initial: false, hidden: true, effect: NO_DEBUG_HOOK },
  { name: 'watchdog-period', type: integer(0, INT_MAX), initial: 0n, hidden: true, effect: NO_DEBUG_HOOK },
];
