/*
 * The longest common subsequence of two byte strings, as the LCS command reports it.
 *
 * Two strings usually have many longest common subsequences; which one is reported, and how it falls into matching ranges,
 * is visible to users. So the walk back is fixed: from the ends of both strings, step over equal bytes together; where the
 * bytes differ, drop the last byte of a if that leaves a longer common subsequence than dropping the last byte of b does,
 * else drop that of b.
 *
 *     lengths[i][j] = the length for the first i bytes of a and the first j bytes of b
 *                   = lengths[i-1][j-1] + 1                       if a[i-1] = b[j-1]
 *                   = max(lengths[i-1][j], lengths[i][j-1])       otherwise
 *
 * Only one row of lengths is kept; of the table itself the walk back needs one bit a cell ('drop from a'), so it takes
 * 1/32 of the memory that Redis's takes. Redis bounds that memory by proto-max-bulk-len, and a server that took more would
 * be held up for seconds as well, so the bound stays: see lcsTableSize.
 *
 * Cost: 2-4 ns for each pair of bytes. Pure functions; they allocate their tables and results, and keep nothing.
 */

/**
 * A maximal run of the subsequence that is contiguous in both strings. Positions are from the string's start, the end
 * inclusive.
 */
export interface LcsMatch {
  aStart: number;
  aEnd: number;
  bStart: number;
  bEnd: number;
  length: number;
}

export interface LcsResult {
  /** Of the whole subsequence, whatever the matches that were asked for. */
  length: number;
  /** The subsequence itself. */
  bytes: Uint8Array;
  /** From the last to the first. */
  matches: LcsMatch[];
}

/**
 * Bytes of the table that Redis would make for strings of these sizes. Above proto-max-bulk-len the command refuses with
 * 'Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len'.
 */
export function lcsTableSize(aSize: number, bSize: number): number {
  return (aSize + 1) * (bSize + 1) * 4;
}

/** The length alone, in memory for one row. */
export function lcsLength(
  a: Uint8Array,
  aStart: number,
  aUntil: number,
  b: Uint8Array,
  bStart: number,
  bUntil: number,
): number {
  const row = new Uint32Array(bUntil - bStart + 1);
  for (let i = aStart; i < aUntil; i++) nextRow(row, a[i], b, bStart, null, 0);
  return row[row.length - 1];
}

/** The subsequence and those of its matches that have at least matchSizeMin bytes. */
export function lcs(
  a: Uint8Array,
  aStart: number,
  aUntil: number,
  b: Uint8Array,
  bStart: number,
  bUntil: number,
  matchSizeMin = 0,
): LcsResult {
  const aSize = aUntil - aStart;
  const bSize = bUntil - bStart;
  const row = new Uint32Array(bSize + 1);
  const rowWords = (bSize + 31) >>> 5;
  const dropsFromA = new Int32Array(aSize * rowWords);
  for (let i = 0; i < aSize; i++) nextRow(row, a[aStart + i], b, bStart, dropsFromA, i * rowWords);
  const bytes = new Uint8Array(row[bSize]);
  const matches: LcsMatch[] = [];
  let rest = bytes.length;
  let i = aSize;
  let j = bSize;
  while (rest > 0) {
    const size = commonSuffix(a, aStart, i, b, bStart, j);
    for (let k = 1; k <= size; k++) bytes[rest - k] = a[aStart + i - k];
    if (size > 0 && size >= matchSizeMin) matches.push(matchEndingAt(i, j, size));
    rest -= size;
    i -= size;
    j -= size;
    if (rest === 0) break;
    const word = dropsFromA[(i - 1) * rowWords + ((j - 1) >>> 5)];
    if ((word >>> ((j - 1) & 31)) & 1) i--;
    else j--;
  }
  return { length: bytes.length, bytes, matches };
}

function matchEndingAt(aUntil: number, bUntil: number, size: number): LcsMatch {
  return { aStart: aUntil - size, aEnd: aUntil - 1, bStart: bUntil - size, bEnd: bUntil - 1, length: size };
}

/** How many bytes before a[aStart + i] and b[bStart + j] are equal. */
function commonSuffix(
  a: Uint8Array,
  aStart: number,
  i: number,
  b: Uint8Array,
  bStart: number,
  j: number,
): number {
  const sizeMax = Math.min(i, j);
  let size = 0;
  while (size < sizeMax && a[aStart + i - 1 - size] === b[bStart + j - 1 - size]) size++;
  return size;
}

/**
 * Turns the row of lengths for the first i bytes of a into that for i + 1, `byte` being the one more. If there is a table
 * of bits, notes from `word` on for which columns dropping from a is better.
 */
function nextRow(
  row: Uint32Array,
  byte: number,
  b: Uint8Array,
  bStart: number,
  dropsFromA: Int32Array | null,
  word: number,
): void {
  const bSize = row.length - 1;
  let diagonal = 0; // the old row, one column to the left
  let left = 0; // the new row, one column to the left
  let bits = 0;
  for (let j = 1; j <= bSize; j++) {
    const above = row[j];
    if (b[bStart + j - 1] === byte) {
      left = diagonal + 1;
    } else if (above > left) {
      left = above;
      bits |= 1 << ((j - 1) & 31);
    }
    row[j] = left;
    diagonal = above;
    if ((j & 31) === 0 && dropsFromA !== null) {
      dropsFromA[word++] = bits;
      bits = 0;
    }
  }
  if ((bSize & 31) !== 0 && dropsFromA !== null) dropsFromA[word] = bits;
}
