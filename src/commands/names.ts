/** The names of all commands in lower case: a bundle of its own, for a main thread that has to know them. */
import { COMMANDS } from './all.ts';

export const COMMAND_NAMES: ReadonlySet<string> = new Set(COMMANDS.map(({ name }) => name.toLowerCase()));
