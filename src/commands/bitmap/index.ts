/** The bitmap commands: strings as arrays of bits. */
import type { CommandDeclaration } from '../define.ts';
import { GETBIT, SETBIT } from './bit.ts';
import { BITFIELD, BITFIELD_RO } from './bitfield.ts';
import { BITOP } from './bitop.ts';
import { BITCOUNT, BITPOS } from './count.ts';

export const BITMAP_COMMANDS: readonly CommandDeclaration[] = [
  SETBIT,
  GETBIT,
  BITCOUNT,
  BITPOS,
  BITOP,
  BITFIELD,
  BITFIELD_RO,
];
