/** Why a directive is accepted though nothing here listens to it: one wording per reason, used by the rows and by DIFFERENCES.md. */

import { accepted } from '../directive.ts';

export const NO_ACL = accepted('access control lists are not part of this version');
export const NO_CLUSTER = accepted('cluster mode is not part of this version');
export const NO_MEMORY_CHECK = accepted('a crash report does not test the memory');
export const NO_DEBUG_HOOK = accepted('an aid for the test suite of another implementation');
export const NO_JEMALLOC = accepted('the arena is used instead of jemalloc');
export const NO_MODULES = accepted('modules cannot be loaded');
export const NO_PINNING = accepted('the runtime offers no way to pin a thread to a CPU');
export const NO_PLATFORM = accepted('the runtime gives no access to this setting of the operating system');
export const NO_REPLICATION = accepted('replication is not part of this version');
export const NO_SCRIPTS = accepted('scripts are not part of this version');
export const NO_SYSLOG = accepted(
  'the runtime has no way to reach the system log; a warning is logged at the start',
);
export const NO_TLS = accepted('TLS is not part of this version');
export const NOT_YET_ENCODING = accepted('the type or encoding is not part of this version');
export const OWN_EXPIRY = accepted('expired keys are found in the order of their times, not by sampling');
export const OWN_REHASH = accepted(
  'the table grows one small segment at a time; there is no rehash to spread',
);
