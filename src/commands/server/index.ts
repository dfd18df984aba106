/** The server commands. */
import type { CommandDeclaration } from '../define.ts';
import { COMMANDLOG } from './commandlog.ts';
import { CONFIG } from './config.ts';
import { DEBUG } from './debug/index.ts';
import { HOTKEYS } from './hotkeys.ts';
import { INFO } from './info.ts';
import { LATENCY } from './latency.ts';
import { LOLWUT } from './lolwut.ts';
import { MEMORY } from './memory.ts';
import { MONITOR } from './monitor.ts';
import { BGREWRITEAOF, BGSAVE, LASTSAVE, SAVE } from './save.ts';
import { SHUTDOWN } from './shutdown.ts';
import { SLOWLOG } from './slowlog.ts';
import { ROLE, TIME } from './time.ts';

export const SERVER_COMMANDS: readonly CommandDeclaration[] = [
  INFO,
  CONFIG,
  TIME,
  ROLE,
  SHUTDOWN,
  LOLWUT,
  SAVE,
  BGSAVE,
  BGREWRITEAOF,
  LASTSAVE,
  MEMORY,
  MONITOR,
  SLOWLOG,
  COMMANDLOG,
  LATENCY,
  HOTKEYS,
  DEBUG,
];
