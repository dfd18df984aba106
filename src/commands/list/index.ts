/** The list commands. */
import type { CommandDeclaration } from '../define.ts';

export const LIST_COMMANDS: readonly CommandDeclaration[] = [];
