/**
 * What the keyspace must be able to do with a value that is a structure of its own (a large hash, list, set, sorted set, stream)
 * without knowing what it is: count it, free it in slices, copy it, weigh it. Each type registers its structures here when it is loaded
 * (../types/<type>/); a record names its structure by type and encoding, and the value word is its handle.
 */
import type { Arena } from '../memory/arena.ts';
import type { Mover } from '../memory/mover.ts';
import { encodingOf, typeOf } from '../memory/record.ts';
import type { Database } from './database.ts';
import type { Keyspace } from './keyspace.ts';
import type { LazyFree } from './lazy-free.ts';

export interface CollectionKind {
  /** Elements: tells whether freeing it is worth leaving to the background. O(1). */
  count(arena: Arena, handle: number): number;
  /**
   * Frees about `limit` elements. Returns true when nothing is left, the handle included. Between two calls nobody else touches the
   * structure; it need not be whole.
   */
  free(lazyFree: LazyFree, handle: number, limit: number): boolean;
  /** A copy of the structure; returns its handle. Throws ArenaFullError. */
  copy(keyspace: Keyspace, handle: number): number;
  /** Bytes of memory that the structure takes. May take as long as the structure is long, with `samples` > 0 only look at so many elements. */
  bytes(keyspace: Keyspace, handle: number, samples: number): number;
  /**
   * Lets cells of the structure move, those of about `limit` elements from `cursor` (0 to begin) on; not the one that the handle names. Returns the
   * cursor to go on with, 0 when all is done. The structure may change between two calls: what came to be meanwhile may be left out.
   */
  relocate(keyspace: Keyspace, mover: Mover, handle: number, cursor: number, limit: number): number;
  /** The header of the table (Dict.create()) that finds its elements, for structures that have one. O(1). */
  tableOf?(arena: Arena, handle: number): number;
  /** For structures whose elements have expire times, what the database needs to expire them in time. */
  readonly elementExpiry?: ElementExpiry;
}

export interface ElementExpiry {
  /** When the next element is due, as Database.elementExpires has it for the key; 0 when none has a time. O(1). */
  nextMs(arena: Arena, handle: number): number;
  /**
   * Removes up to `limit` elements of the key that are due, and the key with the last one. Returns how many it looked at, at least one.
   * It puts the next time into Database.elementExpires in the place of the one before.
   */
  expireDue(db: Database, hash: number, address: number, limit: number): number;
}

const kinds: (CollectionKind | undefined)[] = [];

export function registerCollection(type: number, encoding: number, kind: CollectionKind): void {
  kinds[(type << 4) | encoding] = kind;
}

/** What the value of this record is when it is a structure; undefined for one that lies in the record or in a buffer. */
export function collectionKind(word0: number): CollectionKind | undefined {
  return kinds[(typeOf(word0) << 4) | encodingOf(word0)];
}
