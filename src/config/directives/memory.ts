/*
 * Memory, expiry and encodings.
 *
 * The encoding thresholds have two names each, since listpacks took the place of ziplists: both are read, shown and set, and
 * CONFIG REWRITE writes the newer one. Thresholds in bytes take units ('1kb'), those in entries do not; but
 * set-max-listpack-value, the youngest, counts bytes and takes none.
 */

import { type Directive, WORKS } from '../directive.ts';
import { oomScores } from '../special-types.ts';
import {
  INT_MAX,
  INT_MIN,
  integer,
  LONG_MAX,
  oneOf,
  ULONG_MAX,
  unsigned,
  unsignedMemory,
  yesNo,
} from '../value-types.ts';
import { NO_JEMALLOC, OWN_EXPIRY, OWN_REHASH } from './reasons.ts';

const entries = unsigned(0, LONG_MAX);
const entryBytes = unsignedMemory(0, LONG_MAX);
const someInt = integer(0, INT_MAX);
const percentCpu = integer(1, 99);
const percentWaste = integer(0, 1000);

export const MEMORY: readonly Directive[] = [
  { name: 'maxmemory', type: unsignedMemory(0, ULONG_MAX), initial: 0n, effect: WORKS },
  {
    name: 'maxmemory-policy',
    type: oneOf(
      'volatile-lru',
      'volatile-lfu',
      'volatile-random',
      'volatile-ttl',
      'allkeys-lru',
      'allkeys-lfu',
      'allkeys-random',
      'noeviction',
    ),
    initial: 'noeviction',
    effect: WORKS,
  },
  { name: 'maxmemory-samples', type: integer(1, INT_MAX), initial: 5n, effect: WORKS },
  { name: 'maxmemory-eviction-tenacity', type: integer(0, 100), initial: 10n, effect: WORKS },
  { name: 'lfu-log-factor', type: someInt, initial: 10n, effect: WORKS },
  { name: 'lfu-decay-time', type: someInt, initial: 1n, effect: WORKS },
  { name: 'active-expire-effort', type: integer(1, 10), initial: 1n, effect: OWN_EXPIRY },
  { name: 'lazyfree-lazy-eviction', type: yesNo, initial: false, debug: true, effect: WORKS },
  { name: 'lazyfree-lazy-expire', type: yesNo, initial: false, debug: true, effect: WORKS },
  { name: 'lazyfree-lazy-server-del', type: yesNo, initial: false, debug: true, effect: WORKS },
  { name: 'lazyfree-lazy-user-del', type: yesNo, initial: false, debug: true, effect: WORKS },
  { name: 'lazyfree-lazy-user-flush', type: yesNo, initial: false, debug: true, effect: WORKS },
  { name: 'activerehashing', type: yesNo, initial: true, effect: OWN_REHASH },
  { name: 'jemalloc-bg-thread', type: yesNo, initial: true, effect: NO_JEMALLOC },
  { name: 'activedefrag', type: yesNo, initial: false, debug: true, effect: WORKS },
  { name: 'active-defrag-cycle-min', type: percentCpu, initial: 1n, effect: WORKS },
  { name: 'active-defrag-cycle-max', type: percentCpu, initial: 25n, effect: WORKS },
  { name: 'active-defrag-threshold-lower', type: percentWaste, initial: 10n, effect: WORKS },
  { name: 'active-defrag-threshold-upper', type: percentWaste, initial: 100n, effect: WORKS },
  {
    name: 'active-defrag-ignore-bytes',
    type: unsignedMemory(1, LONG_MAX),
    initial: 104857600n,
    effect: WORKS,
  },
  { name: 'active-defrag-max-scan-fields', type: unsigned(1, LONG_MAX), initial: 1000n, effect: WORKS },
  {
    name: 'oom-score-adj',
    type: oneOf('no', 'yes', { word: 'relative', shown: 'yes' }, 'absolute'),
    initial: 'no',
    async: true,
    effect: WORKS,
  },
  { name: 'oom-score-adj-values', type: oomScores, initial: '0 200 800', async: true, effect: WORKS },
  { name: 'tracking-table-max-keys', type: entries, initial: 1000000n, effect: WORKS },
  {
    name: 'hash-max-listpack-entries',
    alias: 'hash-max-ziplist-entries',
    type: entries,
    initial: 512n,
    effect: WORKS,
  },
  {
    name: 'hash-max-listpack-value',
    alias: 'hash-max-ziplist-value',
    type: entryBytes,
    initial: 64n,
    effect: WORKS,
  },
  {
    name: 'list-max-listpack-size',
    alias: 'list-max-ziplist-size',
    type: integer(INT_MIN, INT_MAX),
    initial: -2n,
    effect: WORKS,
  },
  { name: 'list-compress-depth', type: someInt, initial: 0n, debug: true, effect: WORKS },
  { name: 'set-max-intset-entries', type: entries, initial: 512n, effect: WORKS },
  { name: 'set-max-listpack-entries', type: entries, initial: 128n, since: '7.2', effect: WORKS },
  { name: 'set-max-listpack-value', type: entries, initial: 64n, since: '7.2', effect: WORKS },
  {
    name: 'zset-max-listpack-entries',
    alias: 'zset-max-ziplist-entries',
    type: entries,
    initial: 128n,
    effect: WORKS,
  },
  {
    name: 'zset-max-listpack-value',
    alias: 'zset-max-ziplist-value',
    type: entryBytes,
    initial: 64n,
    effect: WORKS,
  },
  { name: 'hll-sparse-max-bytes', type: entryBytes, initial: 3000n, effect: WORKS },
  { name: 'stream-node-max-bytes', type: entryBytes, initial: 4096n, effect: WORKS },
  { name: 'stream-node-max-entries', type: integer(0, LONG_MAX), initial: 100n, effect: WORKS },
];
