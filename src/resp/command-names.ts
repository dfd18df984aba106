/**
 * From the bytes of a command's name to its id, without making a string.
 *
 * An open-addressed table over the lower-cased name; the executor makes the list (it owns the command
 * declarations and knows of rename-command) and every io worker builds its own table from it.
 */

/** A first key that is none: the command tells of other connections, and is to see what they have sent. */
export const LOOKS_AROUND = -1;

/** One row per command: its name in lower case, its id, and the argument that is its first key (0: none; or LOOKS_AROUND). */
export interface CommandName {
  name: string;
  id: number;
  firstKey: number;
}

export class CommandNames {
  private readonly mask: number;
  private readonly slots: Int32Array;
  private readonly names: Uint8Array[] = [];
  private readonly ids: Int32Array;
  private readonly firstKeys: Int32Array;

  constructor(list: readonly CommandName[]) {
    let size = 16;
    while (size < list.length * 4) size *= 2;
    this.mask = size - 1;
    this.slots = new Int32Array(size).fill(-1);
    this.ids = new Int32Array(list.length);
    this.firstKeys = new Int32Array(list.length ? Math.max(...list.map((row) => row.id)) + 1 : 0);
    for (const row of list) this.add(row);
  }

  private add(row: CommandName): void {
    const bytes = Uint8Array.from(row.name, (c) => c.charCodeAt(0));
    let at = nameHash(bytes, 0, bytes.length) & this.mask;
    while (this.slots[at] !== -1) at = (at + 1) & this.mask;
    this.slots[at] = this.names.length;
    this.ids[this.names.length] = row.id;
    this.firstKeys[row.id] = row.firstKey;
    this.names.push(bytes);
  }

  /** The id of the command named by bytes[start..end) in any case, or -1. Allocates nothing. */
  find(bytes: Uint8Array, start: number, end: number): number {
    let at = nameHash(bytes, start, end) & this.mask;
    for (;;) {
      const index = this.slots[at];
      if (index === -1) return -1;
      if (sameName(this.names[index], bytes, start, end)) return this.ids[index];
      at = (at + 1) & this.mask;
    }
  }

  /** The argument that is the first key of command `id`, 0 when it has none; or LOOKS_AROUND. */
  firstKey(id: number): number {
    return this.firstKeys[id];
  }
}

function nameHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + lower(bytes[i])) | 0;
  return hash ^ (hash >>> 7);
}

function sameName(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== lower(bytes[start + i])) return false;
  return true;
}

function lower(c: number): number {
  return c >= 65 && c <= 90 ? c + 32 : c;
}
