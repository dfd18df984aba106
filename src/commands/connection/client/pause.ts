/** CLIENT PAUSE and UNPAUSE. */
import * as errors from '../../../resp/errors.ts';
import { readTimeoutMs } from '../../blocking.ts';
import type { Call } from '../../call.ts';
import { ADMIN, arg, defineCommand, LOADING, NOSCRIPT, STALE } from '../../define.ts';
import { PAUSE_ALL, PAUSE_WRITES, type PauseMode } from '../../pausing.ts';

const FLAGS = ADMIN | NOSCRIPT | LOADING | STALE;

export const CLIENT_PAUSE = defineCommand({
  name: 'PAUSE',
  summary: 'Holds commands of all clients back for a while.',
  group: 'connection',
  since: '2.9.50',
  history: [['6.2.0', '`CLIENT PAUSE WRITE` mode added along with the `mode` option.']],
  complexity: 'O(1)',
  arity: -3, // CLIENT PAUSE timeout [WRITE | ALL]
  flags: FLAGS,
  args: [
    arg.integer('timeout'),
    arg.oneOf('mode', [arg.token('write', 'WRITE'), arg.token('all', 'ALL')], {
      optional: true,
      since: '6.2.0',
    }),
  ],
  handler: pause,
});

export const CLIENT_UNPAUSE = defineCommand({
  name: 'UNPAUSE',
  summary: 'Ends what CLIENT PAUSE has begun.',
  group: 'connection',
  since: '6.2.0',
  complexity: 'O(N) Where N is the number of paused clients',
  arity: 2, // CLIENT UNPAUSE
  flags: FLAGS,
  handler: unpause,
});

function pause(call: Call): void {
  const { reply, server } = call;
  if (call.argc > 4) {
    reply.error(errors.subcommandSyntax(call.text(1), 'CLIENT'));
    return;
  }
  let mode: PauseMode = PAUSE_ALL;
  if (call.argc === 4) {
    if (call.is(3, 'WRITE')) mode = PAUSE_WRITES;
    else if (!call.is(3, 'ALL')) {
      reply.error(errors.PAUSE_MODE);
      return;
    }
  }
  const ms = readTimeoutMs(call, 2);
  if (ms < 0) return;
  // No time at all is a pause that is over; so is, to 7.0, one whose end overflows.
  if (ms > 0 && ms + server.nowMs < 2 ** 63) server.pausing.pause(mode, server.nowMs + ms);
  reply.ok();
}

function unpause(call: Call): void {
  call.server.pausing.unpause();
  call.reply.ok();
}
