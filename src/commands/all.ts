/** Every command family, in the order in which ids are given. */
import { CONNECTION_COMMANDS } from './connection/index.ts';
import type { CommandDeclaration } from './define.ts';
import { GENERIC_COMMANDS } from './generic/index.ts';
import { INTROSPECTION_COMMANDS } from './introspection/index.ts';
import { SERVER_COMMANDS } from './server/index.ts';
import { STRING_COMMANDS } from './string/index.ts';

export const COMMANDS: readonly CommandDeclaration[] = [
  ...STRING_COMMANDS,
  ...GENERIC_COMMANDS,
  ...CONNECTION_COMMANDS,
  ...SERVER_COMMANDS,
  ...INTROSPECTION_COMMANDS,
];
