/** The stream commands. */
import '../../types/stream/collection.ts';
import type { CommandDeclaration } from '../define.ts';
import { XADD, XTRIM } from './add.ts';
import { XAUTOCLAIM, XCLAIM } from './claim.ts';
import { XACK, XACKDEL, XDEL, XDELEX } from './delete.ts';
import { XGROUP } from './group.ts';
import { XINFO } from './info.ts';
import { XPENDING } from './pending.ts';
import { XLEN, XRANGE, XREVRANGE } from './range.ts';
import { XREAD, XREADGROUP } from './read.ts';
import { XSETID } from './set-id.ts';

export const STREAM_COMMANDS: readonly CommandDeclaration[] = [
  XADD,
  XTRIM,
  XDEL,
  XDELEX,
  XLEN,
  XRANGE,
  XREVRANGE,
  XREAD,
  XREADGROUP,
  XGROUP,
  XSETID,
  XACK,
  XACKDEL,
  XPENDING,
  XCLAIM,
  XAUTOCLAIM,
  XINFO,
];
