/** TLS. */

import type { Directive } from '../directive.ts';
import { INT_MAX, integer, oneOf, optionalText, yesNo } from '../value-types.ts';
import { NO_TLS } from './reasons.ts';

type Rest = Omit<Directive, 'effect'>;

/** A path, a cipher list or the like: unset when empty, and a change means new certificates or sockets. */
function setting(name: string): Rest {
  return { name, type: optionalText, initial: '', async: true };
}

const ROWS: readonly Rest[] = [
  { name: 'tls-port', type: integer(0, 65535), initial: 0n, async: true },
  setting('tls-cert-file'),
  setting('tls-key-file'),
  { ...setting('tls-key-file-pass'), sensitive: true },
  setting('tls-client-cert-file'),
  setting('tls-client-key-file'),
  { ...setting('tls-client-key-file-pass'), sensitive: true },
  setting('tls-dh-params-file'),
  setting('tls-ca-cert-file'),
  setting('tls-ca-cert-dir'),
  { name: 'tls-auth-clients', type: oneOf('no', 'yes', 'optional'), initial: 'yes' },
  { name: 'tls-replication', type: yesNo, initial: false, async: true },
  { name: 'tls-cluster', type: yesNo, initial: false, async: true },
  setting('tls-protocols'),
  setting('tls-ciphers'),
  setting('tls-ciphersuites'),
  { name: 'tls-prefer-server-ciphers', type: yesNo, initial: false, async: true },
  { name: 'tls-session-caching', type: yesNo, initial: true, async: true },
  { name: 'tls-session-cache-size', type: integer(0, INT_MAX), initial: 20480n, async: true },
  { name: 'tls-session-cache-timeout', type: integer(0, INT_MAX), initial: 300n, async: true },
];

export const TLS: readonly Directive[] = ROWS.map((row) => ({ ...row, effect: NO_TLS }));
