/** The connection commands; SELECT lives with the keyspace's commands. */
import type { CommandDeclaration } from '../define.ts';
import { AUTH } from './auth.ts';
import { CLIENT } from './client/index.ts';
import { HELLO } from './hello.ts';
import { ECHO, PING } from './ping.ts';
import { QUIT, RESET } from './quit.ts';

export const CONNECTION_COMMANDS: readonly CommandDeclaration[] = [
  PING,
  ECHO,
  HELLO,
  AUTH,
  QUIT,
  RESET,
  CLIENT,
];
