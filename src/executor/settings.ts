/**
 * Directives that someone other than a command acts on: io workers read them from shared memory, main is told by message,
 * sessions and counters are changed here. Each is applied at the start and whenever CONFIG SET changes it.
 */
import { setAuthenticated } from '../commands/connection/auth.ts';
import type { Server } from '../commands/server.ts';
import { GATE_AUTH } from '../commands/session.ts';
import type { Config } from '../config/config.ts';
import { bindSettings } from '../keyspace/settings.ts';
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
import type { FromExecutor } from '../ring/messages.ts';

const INT32_MAX = 0x7fffffff;

/** What io workers read. */
const PUBLISHED = [
  'maxclients',
  'proto-max-bulk-len',
  'client-query-buffer-limit',
  'requirepass',
  'timeout',
  'tcp-keepalive',
  'protected-mode',
];

/** What main acts on. */
const MAIN_FOLLOWS = ['loglevel', 'shutdown-on-sigint', 'shutdown-on-sigterm', 'crash-log-enabled'];

/** Applies every such directive now and from now on. */
export function followSettings(
  server: Server,
  control: Int32Array,
  send: (message: FromExecutor) => void,
): void {
  const { config } = server;
  publishSettings(control, config);
  bindSettings(server.keyspace, config);
  config.onChange(PUBLISHED, () => publishSettings(control, config));
  for (const name of MAIN_FOLLOWS) {
    config.onChange(name, () => {
      send({ type: 'setting', name, value: config.value(name) });
    });
  }
  config.onChange('requirepass', () => openOrCloseGates(server));
}

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

/** Without a password everyone may do everything; with one, those who are in stay in and the others wait for AUTH. */
function openOrCloseGates(server: Server): void {
  const open = server.config.string('requirepass') === '';
  for (const session of server.sessions.values()) {
    if (open) session.gate &= ~GATE_AUTH;
    else setAuthenticated(session, session.authenticated);
  }
}
