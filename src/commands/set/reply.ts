/** Replying members of sets. */
import type { ReplyWriter } from '../../resp/reply-writer.ts';
import { member, needText } from '../../types/set/member.ts';

/** The member that an operation came to, as a bulk string. Allocates nothing for short ones. */
export function replyMember(reply: ReplyWriter): void {
  needText();
  reply.bulk(member.bytes, member.start, member.end);
}
