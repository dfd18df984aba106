/*
 * The table of all directives, and how a name is found in it.
 *
 * The rows are in directives/, by topic. A name is looked up in any case; an alias finds the same row, and remembers that it was
 * the alias, because CONFIG GET answers under the name that matched and CONFIG SET complains under it.
 *
 * Some words of a config file are no directives: they add something (a user, a renamed command, another file) instead of setting
 * a value. They are listed here as FILE_WORDS and handled by load.ts. A few words are read and dropped, because older config files
 * have them: FORGOTTEN.
 */

import type { Directive } from './directive.ts';
import { CLUSTER } from './directives/cluster.ts';
import { GENERAL } from './directives/general.ts';
import { MEMORY } from './directives/memory.ts';
import { NETWORK } from './directives/network.ts';
import { OBSERVABILITY } from './directives/observability.ts';
import { PERSISTENCE } from './directives/persistence.ts';
import { REPLICATION } from './directives/replication.ts';
import { TLS } from './directives/tls.ts';

export const DIRECTIVES: readonly Directive[] = [
  ...NETWORK,
  ...TLS,
  ...GENERAL,
  ...PERSISTENCE,
  ...REPLICATION,
  ...CLUSTER,
  ...MEMORY,
  ...OBSERVABILITY,
];

/** Words that a config file may have and CONFIG GET and SET do not know. */
export const FILE_WORDS: ReadonlySet<string> = new Set([
  'include',
  'rename-command',
  'user',
  'loadmodule',
  'sentinel',
]);

/** Words of older versions, which take one value and do nothing. */
export const FORGOTTEN: ReadonlySet<string> = new Set([
  'list-max-ziplist-entries',
  'list-max-ziplist-value',
  'lua-replicate-commands',
]);

/** A directive under one of its names. */
export interface NamedDirective {
  /** The name in lower case: the directive's own or its alias. */
  readonly name: string;
  readonly directive: Directive;
}

/** Every name with its directive, each alias right after the name it stands for. */
export const NAMED_DIRECTIVES: readonly NamedDirective[] = DIRECTIVES.flatMap((directive) => {
  const names = directive.alias === undefined ? [directive.name] : [directive.name, directive.alias];
  return names.map((name) => ({ name, directive }));
});

const BY_NAME: ReadonlyMap<string, NamedDirective> = new Map(
  NAMED_DIRECTIVES.map((named) => [named.name, named]),
);

/** The directive of that name or alias, in any case. */
export function findDirective(name: string): NamedDirective | undefined {
  return BY_NAME.get(name.toLowerCase());
}
