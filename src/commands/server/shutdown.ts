import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { ADMIN, ALLOW_BUSY, arg, defineCommand, LOADING, NO_MULTI, NOSCRIPT, STALE } from '../define.ts';

export const SHUTDOWN = defineCommand({
  name: 'SHUTDOWN',
  summary: 'Ends the server in an orderly way.',
  group: 'server',
  since: '1.0.0',
  history: [['7.0.0', 'Added the `NOW`, `FORCE` and `ABORT` modifiers.']],
  complexity:
    'O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)',
  arity: -1, // SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]
  flags: ADMIN | NOSCRIPT | LOADING | STALE | NO_MULTI | ALLOW_BUSY,
  args: [
    arg.oneOf('nosave_save', [arg.token('nosave', 'NOSAVE'), arg.token('save', 'SAVE')], { optional: true }),
    arg.token('now', 'NOW', { optional: true, since: '7.0.0' }),
    arg.token('force', 'FORCE', { optional: true, since: '7.0.0' }),
    arg.token('abort', 'ABORT', { optional: true, since: '7.0.0' }),
  ],
  handler: shutdown,
});

/** There is no reply when all goes well: the connection closes with the process. */
function shutdown(call: Call): void {
  const words = new Set<string>();
  for (let i = 1; i < call.argc; i++) words.add(call.lowerText(i));
  const known = ['save', 'nosave', 'now', 'force', 'abort'].filter((word) => words.has(word));
  const contradicts = words.has('save') && words.has('nosave');
  const abort = words.has('abort');
  if (known.length !== words.size || contradicts || (abort && words.size > 1)) {
    call.reply.error(errors.SYNTAX);
  } else if (abort) {
    call.reply.error(errors.NO_SHUTDOWN);
  } else {
    const save = words.has('save') ? 'yes' : words.has('nosave') ? 'no' : 'points';
    call.server.services.shutdown(save, words.has('force'));
    call.reply.error(errors.SHUTDOWN_FAILED);
  }
}
