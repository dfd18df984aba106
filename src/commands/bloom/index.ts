/** Bloom filters, as RedisBloom and Redis 8 have them. */
import type { CommandDeclaration } from '../define.ts';
import { BF_ADD, BF_INSERT, BF_MADD, BF_RESERVE } from './add.ts';
import { BF_LOADCHUNK, BF_SCANDUMP } from './chunks.ts';
import { BF_CARD, BF_EXISTS, BF_INFO, BF_MEXISTS } from './read.ts';

export const BLOOM_COMMANDS: readonly CommandDeclaration[] = [
  BF_RESERVE,
  BF_ADD,
  BF_MADD,
  BF_INSERT,
  BF_EXISTS,
  BF_MEXISTS,
  BF_CARD,
  BF_INFO,
  BF_SCANDUMP,
  BF_LOADCHUNK,
];
