/** The packed blocks that values lie in: listpacks as they are today, and the older forms, all of them element by element. */
import * as listpack from '../memory/listpack.ts';
import { type VisitElement, visitZiplist } from './old-blocks.ts';
import { CorruptRdbError, type RdbReader } from './reader.ts';

/** Reads a string that is a listpack, checks it, and calls `visit` with the text of each element. */
export function readListpack(reader: RdbReader, visit: VisitElement): void {
  reader.string();
  const { textBytes, textStart, textEnd } = reader;
  if (!listpack.isValid(textBytes, textStart, textEnd - textStart)) {
    throw new CorruptRdbError('a listpack that cannot be read');
  }
  for (let at = listpack.first(textBytes, textStart); at >= 0; at = listpack.next(textBytes, at)) {
    listpack.read(textBytes, at);
    visit(listpack.text.bytes, listpack.text.start, listpack.text.end);
  }
}

/** The same for a ziplist. */
export function readZiplist(reader: RdbReader, visit: VisitElement): void {
  reader.string();
  visitZiplist(reader.textBytes, reader.textStart, reader.textEnd, visit);
}

/** Gathers elements two by two: `visit` gets the first of a pair copied, because reading the second may overwrite it. */
export class Pairs {
  private readonly visit: (first: Uint8Array, second: Uint8Array, start: number, end: number) => void;
  private first: Uint8Array | null = null;

  constructor(visit: (first: Uint8Array, second: Uint8Array, start: number, end: number) => void) {
    this.visit = visit;
  }

  readonly add: VisitElement = (bytes, start, end) => {
    if (this.first === null) {
      this.first = bytes.slice(start, end);
      return;
    }
    const { first } = this;
    this.first = null;
    this.visit(first, bytes, start, end);
  };

  /** After the last element: throws when one has no partner. */
  end(): void {
    if (this.first !== null) throw new CorruptRdbError('an element without its value');
  }
}
