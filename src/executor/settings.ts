/** Copies the settings that io workers read from the configuration into shared memory. */
import type { Config } from '../config/config.ts';
import { CONNECTION_ROWS } from '../ring/connection-table.ts';
import {
  SETTING_BULK_MAX,
  SETTING_IDLE_TIMEOUT,
  SETTING_KEEPALIVE,
  SETTING_MAX_CLIENTS,
  SETTING_PASSWORD_NEEDED,
  SETTING_PROTECTED,
  SETTING_QUERY_BUFFER_MAX,
} from '../ring/layout.ts';

const INT32_MAX = 0x7fffffff;

export function publishSettings(control: Int32Array, config: Config): void {
  const put = (at: number, value: number) => Atomics.store(control, at, Math.min(value, INT32_MAX));
  const password = config.string('requirepass') !== '';
  put(SETTING_MAX_CLIENTS, Math.min(config.number('maxclients'), CONNECTION_ROWS));
  put(SETTING_BULK_MAX, config.number('proto-max-bulk-len'));
  put(SETTING_QUERY_BUFFER_MAX, config.number('client-query-buffer-limit'));
  put(SETTING_PASSWORD_NEEDED, password ? 1 : 0);
  put(SETTING_IDLE_TIMEOUT, config.number('timeout'));
  put(SETTING_KEEPALIVE, config.number('tcp-keepalive'));
  put(SETTING_PROTECTED, config.bool('protected-mode') && !password ? 1 : 0);
}
