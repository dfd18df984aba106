/**
 * Small sorted sets: a listpack in the key's record, member, score, member, score, by score and then by member.
 *
 * A score is an integer element when it is an integer, and its text else; the text is the shortest that reads back as the same double.
 * Elements are named by their offset in the blob, which survives the blob's moving but not changes before it.
 */
import { compareBytes } from '../../base/bytes.ts';
import { DOUBLE_TEXT_SIZE_MAX, parseDouble, writeDouble } from '../../base/double.ts';
import { int64, int64ToNumber } from '../../base/int64.ts';
import { blob, growBlob, openBlob, setBlobSize } from '../../keyspace/blob.ts';
import type { Database } from '../../keyspace/database.ts';
import * as listpack from '../../memory/listpack.ts';

const scoreText = new Uint8Array(DOUBLE_TEXT_SIZE_MAX);

/** Negative zero is written as zero, as the real server does in this form alone. */
function writeScore(score: number): number {
  return writeDouble(score + 0, '7.2', scoreText, 0);
}

/** The score that the element (an offset in u8) holds. */
export function scoreOfElement(u8: Uint8Array, element: number): number {
  if (listpack.isInteger(u8, element)) {
    listpack.readInteger(u8, element);
    return int64ToNumber(int64.hi, int64.lo);
  }
  listpack.read(u8, element);
  return parseDouble(listpack.text.bytes, listpack.text.start, listpack.text.end);
}

/** Members of the blob that is open. */
export function packedCount(): number {
  return listpack.count(blob.u8, blob.start) >>> 1;
}

/** Where the member is in the blob that is open: its offset from the blob's start; -1 when it is not there. */
export function findPacked(bytes: Uint8Array, start: number, end: number): number {
  const element = listpack.find(blob.u8, listpack.first(blob.u8, blob.start), bytes, start, end, 1);
  return element < 0 ? -1 : element - blob.start;
}

/** The score of the member at this offset of the blob that is open. */
export function packedScore(element: number): number {
  return scoreOfElement(blob.u8, listpack.skip(blob.u8, blob.start + element));
}

/** How many members of the blob that is open are before the one at this offset. */
export function packedRank(element: number): number {
  let rank = 0;
  let at = listpack.first(blob.u8, blob.start);
  for (; at >= 0 && at < blob.start + element; at = nextMember(at)) rank++;
  return rank;
}

/** How many members of the blob that is open have a score below `score`, or with `orEqual` not above it. */
export function packedRankOfScore(score: number, orEqual: boolean): number {
  const { u8, start } = blob;
  let rank = 0;
  for (let at = listpack.first(u8, start); at >= 0; at = nextMember(at), rank++) {
    const other = scoreOfElement(u8, listpack.skip(u8, at));
    if (other > score || (other === score && !orEqual)) break;
  }
  return rank;
}

/** How many members of the blob that is open are before bytes[start..end), or with `orEqual` not behind it, when all scores are equal. */
export function packedRankOfMember(bytes: Uint8Array, start: number, end: number, orEqual: boolean): number {
  let rank = 0;
  for (let at = listpack.first(blob.u8, blob.start); at >= 0; at = nextMember(at), rank++) {
    const order = listpack.compare(blob.u8, at, bytes, start, end);
    if (order > 0 || (order === 0 && !orEqual)) break;
  }
  return rank;
}

function nextMember(element: number): number {
  return listpack.next(blob.u8, listpack.skip(blob.u8, element));
}

/** Bytes that a member with this score takes. */
export function packedSize(bytes: Uint8Array, start: number, end: number, score: number): number {
  const size = writeScore(score);
  return listpack.elementSize(bytes, start, end) + listpack.elementSize(scoreText, 0, size);
}

/** Adds a member that is not there; the blob may be so large. Returns where the record is now. */
export function insertPacked(
  db: Database,
  hash: number,
  address: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  score: number,
): number {
  openBlob(db, address);
  const place = placeFor(bytes, start, end, score);
  const grown = growBlob(db, hash, address, blob.size + packedSize(bytes, start, end, score));
  putAt(place, bytes, start, end, score);
  return grown;
}

/** Writes member and score before the element at `place` of the blob that is open and has room. */
function putAt(place: number, bytes: Uint8Array, start: number, end: number, score: number): void {
  const { u8, start: at } = blob;
  const scoreAt = listpack.insert(u8, at, at + place, bytes, start, end);
  listpack.insert(u8, at, scoreAt, scoreText, 0, writeScore(score));
}

/** Appends to the blob that is open and has room. */
export function appendPacked(bytes: Uint8Array, start: number, end: number, score: number): void {
  putAt(listpack.endOf(blob.u8, blob.start) - blob.start, bytes, start, end, score);
}

/** The offset of the first member behind (score, bytes[start..end)), or of the end. What comes in order is appended at once. */
function placeFor(bytes: Uint8Array, start: number, end: number, score: number): number {
  const { u8, start: from } = blob;
  const last = listpack.last(u8, from);
  if (last < 0 || isBefore(listpack.previous(u8, from, last), last, bytes, start, end, score)) {
    return listpack.endOf(u8, from) - from;
  }
  let element = listpack.first(u8, from);
  while (isBefore(element, listpack.skip(u8, element), bytes, start, end, score))
    element = nextMember(element);
  return element - from;
}

function isBefore(
  member: number,
  scoreElement: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  score: number,
): boolean {
  const other = scoreOfElement(blob.u8, scoreElement);
  if (other !== score) return other < score;
  listpack.read(blob.u8, member);
  const { text } = listpack;
  return compareBytes(text.bytes, text.start, text.end, bytes, start, end) < 0;
}

/** Removes `n` members from the one at this offset on. Returns where the record is now. */
export function removePacked(
  db: Database,
  hash: number,
  address: number,
  element: number,
  n: number,
): number {
  openBlob(db, address);
  listpack.remove(blob.u8, blob.start, blob.start + element, 2 * n);
  return setBlobSize(db, hash, address, listpack.totalBytes(blob.u8, blob.start));
}

/** The offset of the member of this rank in the blob that is open; -1 when there is none. */
export function packedMemberAt(rank: number): number {
  const element = listpack.seek(blob.u8, blob.start, 2 * rank);
  return element < 0 ? -1 : element - blob.start;
}
