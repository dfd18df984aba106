/** The zset commands. */
import type { CommandDeclaration } from '../define.ts';

export const ZSET_COMMANDS: readonly CommandDeclaration[] = [];
