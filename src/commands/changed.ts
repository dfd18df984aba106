/** How a handler says that a key has changed: to those who watch it and to notify-keyspace-events. */
import type { KeyEvent } from '../keyspace/events.ts';
import * as events from '../keyspace/events.ts';
import type { Call } from './call.ts';

/** Says that `event` has happened to the key that is argument `index`. Costs a comparison while nobody wants to know. */
export function changed(call: Call, index: number, event: KeyEvent): void {
  const { onChange } = call.db.keyspace;
  if (onChange === null) return;
  onChange(call.db, event, call.keyHash(index), call.bytes, call.start(index), call.end(index));
}

/** The same for an event that may have left nothing of the key: then its deletion is said too. */
export function reduced(call: Call, index: number, event: KeyEvent): void {
  if (call.db.keyspace.onChange === null) return;
  changed(call, index, event);
  if (!exists(call, index)) changed(call, index, events.DEL);
}

/** Says that the key that is argument `index` has been deleted. */
export function deleted(call: Call, index: number): void {
  changed(call, index, events.DEL);
}

function exists(call: Call, index: number): boolean {
  return call.db.dict.find(call.keyHash(index), call.bytes, call.start(index), call.end(index)) !== 0;
}
