/** The hash commands. */
import type { CommandDeclaration } from '../define.ts';

export const HASH_COMMANDS: readonly CommandDeclaration[] = [];
