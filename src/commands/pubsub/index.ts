/** The commands of publish and subscribe. */
import type { CommandDeclaration } from '../define.ts';
import { PUBLISH, SPUBLISH } from './publish.ts';
import { PUBSUB } from './pubsub.ts';
import { PSUBSCRIBE, PUNSUBSCRIBE, SSUBSCRIBE, SUBSCRIBE, SUNSUBSCRIBE, UNSUBSCRIBE } from './subscribe.ts';

export const PUBSUB_COMMANDS: readonly CommandDeclaration[] = [
  SUBSCRIBE,
  PSUBSCRIBE,
  SSUBSCRIBE,
  UNSUBSCRIBE,
  PUNSUBSCRIBE,
  SUNSUBSCRIBE,
  PUBLISH,
  SPUBLISH,
  PUBSUB,
];
