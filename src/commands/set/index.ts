/** The set commands. */
import type { CommandDeclaration } from '../define.ts';

export const SET_COMMANDS: readonly CommandDeclaration[] = [];
