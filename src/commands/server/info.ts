import type { Call } from '../call.ts';
import { arg, defineCommand, LOADING, STALE } from '../define.ts';

export const INFO = defineCommand({
  name: 'INFO',
  summary: 'Returns figures of the server, in sections.',
  group: 'server',
  since: '1.0.0',
  history: [['7.0.0', 'Added support for taking multiple section arguments.']],
  complexity: 'O(1)',
  arity: -1, // INFO [section ...]
  flags: LOADING | STALE,
  categories: ['dangerous'],
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  args: [arg.string('section', { optional: true, many: true })],
  handler: info,
});

/** Unknown sections are passed over in silence. */
function info(call: Call): void {
  const sections: string[] = [];
  for (let i = 1; i < call.argc; i++) sections.push(call.lowerText(i));
  call.reply.verbatim('txt', call.server.services.info(sections));
}
