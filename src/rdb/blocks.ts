/** The packed blocks that values lie in: listpacks as they are today, and the older forms, all of them element by element. */
import * as listpack from '../memory/listpack.ts';
import { type VisitElement, visitZiplist } from './old-blocks.ts';
import { CorruptRdbError, type RdbReader } from './reader.ts';

/** Reads a string that is a listpack, checks it, and calls `visit` with the text of each element. `what` it is says the error. */
export function readListpack(reader: RdbReader, visit: VisitElement, what: string): void {
  readListpackBlock(reader, what);
  visitListpack(reader, visit);
}

/** Reads a string that is a listpack, and checks it. */
export function readListpackBlock(reader: RdbReader, what: string): void {
  reader.string();
  const { textBytes, textStart, textEnd } = reader;
  if (!listpack.isValid(textBytes, textStart, textEnd - textStart)) {
    throw new CorruptRdbError(`${what} integrity check failed.`);
  }
  reader.blocksChecked++;
}

/** Calls `visit` with the text of each element of the listpack read last. */
export function visitListpack(reader: RdbReader, visit: VisitElement): void {
  const { textBytes, textStart } = reader;
  for (let at = listpack.first(textBytes, textStart); at >= 0; at = listpack.next(textBytes, at)) {
    listpack.read(textBytes, at);
    const { bytes, start, end } = listpack.text;
    if (bytes === textBytes) visit(bytes, start, end);
    // An integer's text lies where the next one is written, and who is visited may read other listpacks.
    else visitCopy(bytes, start, end, visit);
  }
}

const integerText = new Uint8Array(32);

function visitCopy(bytes: Uint8Array, start: number, end: number, visit: VisitElement): void {
  for (let i = start; i < end; i++) integerText[i - start] = bytes[i];
  visit(integerText, 0, end - start);
}

/** The same for a ziplist. */
export function readZiplist(reader: RdbReader, visit: VisitElement, what: string): void {
  reader.string();
  visitZiplist(reader.textBytes, reader.textStart, reader.textEnd, visit, what);
  reader.blocksChecked++;
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
