/** Every command family, in the order in which ids are given. */
import { BITMAP_COMMANDS } from './bitmap/index.ts';
import { BLOOM_COMMANDS } from './bloom/index.ts';
import { CONNECTION_COMMANDS } from './connection/index.ts';
import type { CommandDeclaration } from './define.ts';
import { GENERIC_COMMANDS } from './generic/index.ts';
import { GEO_COMMANDS } from './geo/index.ts';
import { HASH_COMMANDS } from './hash/index.ts';
import { HYPERLOGLOG_COMMANDS } from './hyperloglog/index.ts';
import { INTROSPECTION_COMMANDS } from './introspection/index.ts';
import { LIST_COMMANDS } from './list/index.ts';
import { PUBSUB_COMMANDS } from './pubsub/index.ts';
import { SERVER_COMMANDS } from './server/index.ts';
import { SET_COMMANDS } from './set/index.ts';
import { STREAM_COMMANDS } from './stream/index.ts';
import { STRING_COMMANDS } from './string/index.ts';
import { TRANSACTION_COMMANDS } from './transaction/index.ts';
import { ZSET_COMMANDS } from './zset/index.ts';

export const COMMANDS: readonly CommandDeclaration[] = [
  ...STRING_COMMANDS,
  ...LIST_COMMANDS,
  ...HASH_COMMANDS,
  ...SET_COMMANDS,
  ...ZSET_COMMANDS,
  ...STREAM_COMMANDS,
  ...BITMAP_COMMANDS,
  ...HYPERLOGLOG_COMMANDS,
  ...BLOOM_COMMANDS,
  ...GEO_COMMANDS,
  ...GENERIC_COMMANDS,
  ...TRANSACTION_COMMANDS,
  ...PUBSUB_COMMANDS,
  ...CONNECTION_COMMANDS,
  ...SERVER_COMMANDS,
  ...INTROSPECTION_COMMANDS,
];
