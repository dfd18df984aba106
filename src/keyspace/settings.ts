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
  'maxmemory-policy',
  'lfu-log-factor',
  'lfu-decay-time',
  'proto-max-bulk-len',
] as const;

/** Copies the settings now and whenever one of them changes. */
export function bindSettings(keyspace: Keyspace, source: SettingsSource): void {
  const read = () => {
    keyspace.lazy.expire = source.bool('lazyfree-lazy-expire');
    keyspace.lazy.serverDelete = source.bool('lazyfree-lazy-server-del');
    keyspace.lazy.userDelete = source.bool('lazyfree-lazy-user-del');
    keyspace.stringSizeMax = source.number('proto-max-bulk-len');
    keyspace.access.lfuLogFactor = source.number('lfu-log-factor');
    keyspace.access.lfuDecayMinutes = source.number('lfu-decay-time');
    keyspace.access.useLfu(source.string('maxmemory-policy').endsWith('-lfu'));
  };
  read();
  source.onChange(DIRECTIVES, read);
}
