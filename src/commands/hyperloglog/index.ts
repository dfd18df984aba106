/** The HyperLogLog commands. */
import type { CommandDeclaration } from '../define.ts';
import { PFDEBUG, PFSELFTEST } from './debug.ts';
import { PFADD, PFCOUNT, PFMERGE } from './hyperloglog.ts';

export const HYPERLOGLOG_COMMANDS: readonly CommandDeclaration[] = [
  PFADD,
  PFCOUNT,
  PFMERGE,
  PFDEBUG,
  PFSELFTEST,
];
