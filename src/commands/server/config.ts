/**
 * CONFIG. What a directive is and does is src/config; here are the commands that read and change it.
 *
 * A SET whose directives this thread can apply alone happens at once. One that takes sockets or directories (port, bind, dir)
 * goes to main first: the session is parked, and the change is committed when main has done its part. So does REWRITE,
 * which is main's work altogether.
 */
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { ADMIN, arg, defineCommand, LOADING, NOSCRIPT, STALE } from '../define.ts';
import { replyHelp } from '../help.ts';
import { isLocal } from '../session.ts';

const FLAGS = ADMIN | NOSCRIPT | LOADING | STALE;

const CONFIG_GET = defineCommand({
  name: 'GET',
  summary: 'Returns directives whose names match, with their values.',
  group: 'server',
  since: '2.0.0',
  history: [['7.0.0', 'Added the ability to pass multiple pattern parameters in one call']],
  complexity: 'O(N) when N is the number of configuration parameters provided',
  arity: -3, // CONFIG GET pattern [pattern ...]
  flags: FLAGS,
  args: [arg.block('parameter', [arg.string('parameter')], { many: true })],
  handler: get,
});

const CONFIG_SET = defineCommand({
  name: 'SET',
  summary: 'Changes directives while the server runs, all of them or none.',
  group: 'server',
  since: '2.0.0',
  history: [['7.0.0', 'Added the ability to set multiple parameters in one call.']],
  complexity: 'O(N) when N is the number of configuration parameters provided',
  arity: -4, // CONFIG SET parameter value [parameter value ...]
  flags: FLAGS,
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  args: [arg.block('parameter_value', [arg.string('parameter'), arg.string('value')], { many: true })],
  handler: set,
});

const CONFIG_RESETSTAT = defineCommand({
  name: 'RESETSTAT',
  summary: 'Sets the counters of INFO to zero.',
  group: 'server',
  since: '2.0.0',
  complexity: 'O(1)',
  arity: 2, // CONFIG RESETSTAT
  flags: FLAGS,
  handler: resetStat,
});

const CONFIG_REWRITE = defineCommand({
  name: 'REWRITE',
  summary: 'Writes the configuration in force to the file that the server was started with.',
  group: 'server',
  since: '2.8.0',
  complexity: 'O(1)',
  arity: 2, // CONFIG REWRITE
  flags: FLAGS,
  handler: rewrite,
});

const CONFIG_HELP = defineCommand({
  name: 'HELP',
  summary: 'Says what the subcommands do.',
  group: 'server',
  since: '5.0.0',
  complexity: 'O(1)',
  arity: 2, // CONFIG HELP
  flags: LOADING | STALE,
  handler: help,
});

export const CONFIG = defineCommand({
  name: 'CONFIG',
  summary: "Commands about the server's configuration.",
  group: 'server',
  since: '2.0.0',
  complexity: 'Depends on subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [CONFIG_GET, CONFIG_SET, CONFIG_RESETSTAT, CONFIG_REWRITE, CONFIG_HELP],
});

function get(call: Call): void {
  const patterns: string[] = [];
  for (let i = 2; i < call.argc; i++) patterns.push(call.text(i));
  const found = call.server.config.get(patterns);
  call.reply.map(found.length);
  for (const [name, value] of found) {
    call.reply.bulkText(name);
    call.reply.bulkText(value);
  }
}

function set(call: Call): void {
  const { server, session } = call;
  const pairs: [string, string][] = [];
  for (let i = 2; i < call.argc; i += 2) {
    if (i + 1 === call.argc) {
      call.reply.error(errors.SYNTAX);
      return;
    }
    pairs.push([call.text(i), call.text(i + 1)]);
  }
  const change = server.config.prepare(pairs, { loading: server.loading, local: isLocal(session) });
  if (typeof change === 'string') call.reply.error(change);
  else if (change.async.length === 0) replyOutcome(call, server.config.commit(change));
  else server.services.applyChange(session, change, (error) => replyOutcome(call, error));
}

/** `call` is the executor's one Call: by the time of an answer it writes for the session that is answered. */
function replyOutcome(call: Call, error: string | null): void {
  if (error === null) call.reply.ok();
  else call.reply.error(error);
}

function resetStat(call: Call): void {
  call.server.services.resetStats();
  call.reply.ok();
}

function rewrite(call: Call): void {
  rewriteConfigFile(call, false);
}

/** With `whole`, lines for all directives (DEBUG CONFIG-REWRITE-FORCE-ALL). */
export function rewriteConfigFile(call: Call, whole: boolean): void {
  const { server, session } = call;
  if (server.host.configFile === '') {
    call.reply.error(errors.NO_CONFIG_FILE);
    return;
  }
  server.services.rewriteConfig(session, whole, (why) =>
    replyOutcome(call, why === null ? null : errors.rewriteFailed(why)),
  );
}

function help(call: Call): void {
  replyHelp(call, 'CONFIG', [
    'GET <pattern> [<pattern> ...]',
    '    Directives whose names match one of the patterns, and their values.',
    'SET <directive> <value> [<directive> <value> ...]',
    '    Change all of these directives, or none.',
    'RESETSTAT',
    '    Set the counters of INFO to zero.',
    'REWRITE',
    '    Write the configuration in force to the configuration file.',
  ]);
}
