/** Inline commands: a line of words, quoted as redis-cli quotes, instead of RESP. */

const QUOTE = 34;
const APOSTROPHE = 39;
const BACKSLASH = 92;
const ESCAPES: Record<number, number> = { 110: 10, 114: 13, 116: 9, 98: 8, 97: 7 };

/** Splits buf[start..end) into words. Returns them as bytes, or null when the quotes are unbalanced. */
export function splitInline(buf: Uint8Array, start: number, end: number): Uint8Array[] | null {
  const words: Uint8Array[] = [];
  end = endOfText(buf, start, end);
  let p = start;
  for (;;) {
    while (p < end && isSpace(buf[p])) p++;
    if (p >= end) return words;
    const word: number[] = [];
    p = takeWord(buf, p, end, word);
    if (p < 0) return null;
    words.push(Uint8Array.from(word));
  }
}

/** A NUL ends a line as it ends a C string. */
function endOfText(buf: Uint8Array, start: number, end: number): number {
  for (let p = start; p < end; p++) if (buf[p] === 0) return p;
  return end;
}

/** The words as one RESP multi-bulk request, so that everything behind the parser sees one form. */
export function encodeRequest(words: Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [ascii(`*${words.length}\r\n`)];
  for (const word of words) parts.push(ascii(`$${word.length}\r\n`), word, ascii('\r\n'));
  const request = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    request.set(part, at);
    at += part.length;
  }
  return request;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

function isSpace(c: number): boolean {
  return c === 32 || (c >= 9 && c <= 13);
}

/** Collects one word; returns the position after it, or -1 when a quote is not closed properly. */
function takeWord(buf: Uint8Array, p: number, end: number, word: number[]): number {
  while (p < end) {
    const c = buf[p];
    if (isSpace(c)) return p;
    if (c === QUOTE || c === APOSTROPHE) {
      p = c === QUOTE ? takeDoubleQuoted(buf, p + 1, end, word) : takeSingleQuoted(buf, p + 1, end, word);
      if (p < 0) return -1;
      return p < end && !isSpace(buf[p]) ? -1 : p;
    }
    word.push(c);
    p++;
  }
  return p;
}

function takeDoubleQuoted(buf: Uint8Array, p: number, end: number, word: number[]): number {
  while (p < end) {
    const c = buf[p];
    if (c === QUOTE) return p + 1;
    if (
      c === BACKSLASH &&
      p + 3 < end &&
      buf[p + 1] === 120 &&
      hex(buf[p + 2]) >= 0 &&
      hex(buf[p + 3]) >= 0
    ) {
      word.push(hex(buf[p + 2]) * 16 + hex(buf[p + 3]));
      p += 4;
    } else if (c === BACKSLASH && p + 1 < end) {
      word.push(ESCAPES[buf[p + 1]] ?? buf[p + 1]);
      p += 2;
    } else {
      word.push(c);
      p++;
    }
  }
  return -1;
}

function takeSingleQuoted(buf: Uint8Array, p: number, end: number, word: number[]): number {
  while (p < end) {
    const c = buf[p];
    if (c === APOSTROPHE) return p + 1;
    if (c === BACKSLASH && p + 1 < end && buf[p + 1] === APOSTROPHE) {
      word.push(APOSTROPHE);
      p += 2;
    } else {
      word.push(c);
      p++;
    }
  }
  return -1;
}

function hex(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  const lower = c | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
