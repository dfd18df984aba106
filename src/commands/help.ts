/** The HELP subcommands: an array of lines, the first of which says how the command is called. */
import type { Call } from './call.ts';

/**
 * Replies the help of `container`. `lines` alternate between a form, as in 'GETNAME', and what it does; longer
 * explanations take several lines, indented by the caller.
 */
export function replyHelp(call: Call, container: string, lines: readonly string[]): void {
  const { reply } = call;
  reply.array(lines.length + 3);
  reply.simple(`${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
  for (const line of lines) reply.simple(line);
  reply.simple('HELP');
  reply.simple('    Prints this help.');
}
