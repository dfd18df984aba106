/** Replies of 64-bit integers, which are wider than ReplyWriter.integer() takes. */
import { int64, int64FromBigInt, int64Length, writeInt64 } from '../base/int64.ts';
import type { ReplyWriter } from '../resp/reply-writer.ts';

/** Replies the integer hi:lo. Allocates nothing. */
export function replyInt64(reply: ReplyWriter, hi: number, lo: number): void {
  if (hi === lo >> 31) {
    reply.integer(lo);
    return;
  }
  reply.literal(':');
  reply.ensure(int64Length(hi, lo));
  reply.pos += writeInt64(hi, lo, reply.buf, reply.pos);
  reply.crlf();
}

/** Replies a number of milliseconds or seconds that may be above 2^53: cut to int64, exact in what the double holds. */
export function replyTime(reply: ReplyWriter, value: number): void {
  if (Number.isSafeInteger(value)) reply.integer(value);
  else replyBigInt(reply, BigInt(value));
}

/** Replies an integer of any size, cut to int64. For slow paths. */
export function replyBigInt(reply: ReplyWriter, value: bigint): void {
  if (!int64FromBigInt(value)) int64FromBigInt(value < 0n ? -(2n ** 63n) : 2n ** 63n - 1n);
  replyInt64(reply, int64.hi, int64.lo);
}
