/** What the keyspace takes from the configuration, kept as plain fields so that no hot path looks a directive up. */
import type { Keyspace } from './keyspace.ts';

/** The part of the configuration that is needed here. */
export interface SettingsSource {
  bool(name: string): boolean;
  number(name: string): number;
  string(name: string): string;
  onChange(names: readonly string[], hook: () => void): void;
}

const DIRECTIVES = [
  'lazyfree-lazy-expire',
  'lazyfree-lazy-server-del',
  'lazyfree-lazy-user-del',
  'lazyfree-lazy-user-flush',
  'maxmemory',
  'maxmemory-policy',
  'maxmemory-samples',
  'maxmemory-eviction-tenacity',
  'lazyfree-lazy-eviction',
  'lfu-log-factor',
  'lfu-decay-time',
  'proto-max-bulk-len',
  'hash-max-listpack-entries',
  'hash-max-listpack-value',
  'list-max-listpack-size',
  'list-compress-depth',
  'set-max-intset-entries',
  'set-max-listpack-entries',
  'set-max-listpack-value',
  'zset-max-listpack-entries',
  'zset-max-listpack-value',
  'hll-sparse-max-bytes',
  'stream-node-max-bytes',
  'stream-node-max-entries',
  'activedefrag',
  'active-defrag-cycle-min',
  'active-defrag-cycle-max',
  'active-defrag-threshold-lower',
  'active-defrag-threshold-upper',
  'active-defrag-ignore-bytes',
  'active-defrag-max-scan-fields',
] as const;

/** Copies the settings now and whenever one of them changes. */
export function bindSettings(keyspace: Keyspace, source: SettingsSource): void {
  const read = () => {
    keyspace.lazy.expire = source.bool('lazyfree-lazy-expire');
    keyspace.lazy.serverDelete = source.bool('lazyfree-lazy-server-del');
    keyspace.lazy.userDelete = source.bool('lazyfree-lazy-user-del');
    keyspace.lazy.userFlush = source.bool('lazyfree-lazy-user-flush');
    keyspace.stringSizeMax = source.number('proto-max-bulk-len');
    keyspace.access.lfuLogFactor = source.number('lfu-log-factor');
    keyspace.access.lfuDecayMinutes = source.number('lfu-decay-time');
    readPacking(keyspace, source);
    keyspace.access.useLfu(source.string('maxmemory-policy').endsWith('-lfu'));
    keyspace.eviction.configure({
      limitBytes: source.number('maxmemory'),
      policy: source.string('maxmemory-policy'),
      samples: source.number('maxmemory-samples'),
      tenacity: source.number('maxmemory-eviction-tenacity'),
      lazily: source.bool('lazyfree-lazy-eviction'),
    });
    keyspace.defrag.configure({
      enabled: source.bool('activedefrag'),
      cycleMin: source.number('active-defrag-cycle-min'),
      cycleMax: source.number('active-defrag-cycle-max'),
      thresholdLower: source.number('active-defrag-threshold-lower'),
      thresholdUpper: source.number('active-defrag-threshold-upper'),
      ignoreBytes: source.number('active-defrag-ignore-bytes'),
      elementsMax: source.number('active-defrag-max-scan-fields'),
    });
  };
  read();
  source.onChange(DIRECTIVES, read);
}

/** When a collection is small enough to be packed. Redis 7.0 knows no listpacks of sets. */
function readPacking(keyspace: Keyspace, source: SettingsSource): void {
  const { packing } = keyspace;
  packing.hashEntries = source.number('hash-max-listpack-entries');
  packing.hashValue = source.number('hash-max-listpack-value');
  packing.listSize = source.number('list-max-listpack-size');
  packing.listDepth = source.number('list-compress-depth');
  packing.setIntsetEntries = source.number('set-max-intset-entries');
  packing.setEntries =
    source.string('compat-version') === '7.0' ? 0 : source.number('set-max-listpack-entries');
  packing.setValue = source.number('set-max-listpack-value');
  packing.zsetEntries = source.number('zset-max-listpack-entries');
  packing.zsetValue = source.number('zset-max-listpack-value');
  packing.hllSparseBytes = source.number('hll-sparse-max-bytes');
  packing.streamBytes = source.number('stream-node-max-bytes');
  packing.streamEntries = source.number('stream-node-max-entries');
}
