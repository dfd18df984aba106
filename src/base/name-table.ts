/**
 * Things found by a name of any bytes, without making a string of the bytes that are looked for: channels of PUBLISH, watched keys.
 *
 * The caller brings the name's hash (a keyed one: names come from clients). Things whose names hash alike are a chain through `next`.
 * Finding allocates nothing and costs one look-up of an integer in a Map. What is held here is bounded by what clients ask for one by
 * one (subscriptions, watches), not by the data.
 */

/** What can be put in a table; the name as latin1 text, a character for each byte. */
export interface Named<T> {
  readonly hash: number;
  readonly name: string;
  /** Owned by the table. */
  next: T | null;
}

export class NameTable<T extends Named<T>> {
  private readonly heads = new Map<number, T>();
  count = 0;

  /** The thing named bytes[start..end), or null. Allocates nothing. */
  find(hash: number, bytes: Uint8Array, start: number, end: number): T | null {
    let item = this.heads.get(hash) ?? null;
    while (item !== null && !isNamed(item.name, bytes, start, end)) item = item.next;
    return item;
  }

  /** Adds a thing whose name is not in the table. */
  add(item: T): void {
    item.next = this.heads.get(item.hash) ?? null;
    this.heads.set(item.hash, item);
    this.count++;
  }

  /** Removes a thing that is in the table. */
  remove(item: T): void {
    const head = this.heads.get(item.hash)!;
    this.count--;
    if (head === item) {
      if (item.next === null) this.heads.delete(item.hash);
      else this.heads.set(item.hash, item.next);
      return;
    }
    let before = head;
    while (before.next !== item) before = before.next!;
    before.next = item.next;
  }

  /** All of them, in no particular order. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (const head of this.heads.values()) {
      for (let item: T | null = head; item !== null; item = item.next) yield item;
    }
  }
}

function isNamed(name: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}
