/*
 * Glob patterns over bytes, as KEYS, SCAN MATCH, PSUBSCRIBE, CONFIG GET and the ACL use them.
 *
 *     *        any bytes, none too            \x     the byte x, whatever it is
 *     ?        any one byte                   [abc]  one of these; [^abc] none of these; [a-z] a range, in either order
 *
 * The corners follow the real server (the oracle test walks them at random):
 *
 *   - inside brackets '\' takes the next byte literally, and the first unescaped ']' ends the class: '[]' matches nothing,
 *     '[^]' any byte;
 *   - 'x-y' is a range if three bytes are left in the pattern, whatever y is: '[a-]' is an unfinished range from a to ']';
 *   - a class that never ends is ended by the end of the pattern;
 *   - a '\' that is the last byte stands for itself;
 *   - ignoring case does not reach a byte behind '\' in a class, and the ends of a range are put in order before they are
 *     folded, so '[a-Z]', that is Z to a, takes nothing then;
 *   - an empty text matches the empty pattern only, not even '*'. KEYS and SCAN take a lone star for 'no pattern' before
 *     they come here (isMatchAll), so '*' lists the empty key and '**' does not.
 *
 * The obvious way, recursion at every '*', takes exponential time on a*a*a*a*b. Each part between two stars consumes a
 * fixed number of bytes, so if it matches somewhere, its leftmost place is as good as any, and only the last star ever has
 * to be tried again. So: one loop, two remembered positions, time O(pattern * text) at worst, no recursion, no
 * allocation. The real server bounds its recursion, so that a pattern with more than STARS_MAX separate stars, one at the end
 * not counted, matches nothing; so it does here.
 */

const STAR = 42;
const QUESTION = 63;
const OPEN = 91;
const BACKSLASH = 92;
const CLOSE = 93;
const CARET = 94;
const DASH = 45;
const STARS_MAX = 1000;

/** Whether text[textStart, textUntil) as a whole matches the pattern. `ignoreCase` folds A-Z only. Allocates nothing. */
export function globMatch(
  pattern: Uint8Array,
  patternStart: number,
  patternUntil: number,
  text: Uint8Array,
  textStart: number,
  textUntil: number,
  ignoreCase: boolean,
): boolean {
  if (textStart === textUntil) return patternStart === patternUntil;
  let p = patternStart;
  let t = textStart;
  let afterStar = -1; // pattern position behind the last star seen
  let starText = 0; // where in the text that star ends at present
  let stars = 0;
  while (t < textUntil) {
    if (p < patternUntil && pattern[p] === STAR) {
      while (p < patternUntil && pattern[p] === STAR) p++;
      if (p === patternUntil) return true;
      if (++stars > STARS_MAX) return false;
      afterStar = p;
      starText = t;
      continue;
    }
    if (p < patternUntil && matchesOne(pattern, p, patternUntil, text[t], ignoreCase)) {
      p = elementUntil(pattern, p, patternUntil);
      t++;
      continue;
    }
    if (afterStar < 0) return false;
    p = afterStar;
    t = ++starText;
  }
  while (p < patternUntil && pattern[p] === STAR) p++;
  return p === patternUntil;
}

/** Whether the pattern is a lone star, which needs no matching. */
export function isMatchAll(pattern: Uint8Array, start: number, until: number): boolean {
  return until - start === 1 && pattern[start] === STAR;
}

/** globMatch for latin1 strings, where speed does not matter. */
export function globMatchString(pattern: string, text: string, ignoreCase = false): boolean {
  const patternBytes = Buffer.from(pattern, 'latin1');
  const textBytes = Buffer.from(text, 'latin1');
  return globMatch(patternBytes, 0, patternBytes.length, textBytes, 0, textBytes.length, ignoreCase);
}

/** Whether the pattern element at p (anything but a star) takes this byte. */
function matchesOne(
  pattern: Uint8Array,
  p: number,
  patternUntil: number,
  byte: number,
  ignoreCase: boolean,
): boolean {
  let wanted = pattern[p];
  if (wanted === QUESTION) return true;
  if (wanted === OPEN) return matchesClass(pattern, p + 1, patternUntil, byte, ignoreCase);
  if (wanted === BACKSLASH && p + 1 < patternUntil) wanted = pattern[p + 1];
  return wanted === byte || (ignoreCase && lower(wanted) === lower(byte));
}

/** Where the element at p ends: behind its last byte. */
function elementUntil(pattern: Uint8Array, p: number, patternUntil: number): number {
  const byte = pattern[p];
  if (byte === OPEN) return classUntil(pattern, p + 1, patternUntil);
  return byte === BACKSLASH && p + 1 < patternUntil ? p + 2 : p + 1;
}

/** Whether the class whose first byte behind '[' is at p takes this byte. */
function matchesClass(
  pattern: Uint8Array,
  p: number,
  patternUntil: number,
  byte: number,
  ignoreCase: boolean,
): boolean {
  const negated = p < patternUntil && pattern[p] === CARET;
  if (negated) p++;
  let found = false;
  while (!found && p < patternUntil && pattern[p] !== CLOSE) {
    found = matchesMember(pattern, p, patternUntil, byte, ignoreCase);
    p = memberUntil(pattern, p, patternUntil);
  }
  return found !== negated;
}

/** Whether the class member at p (a byte, an escaped byte or a range) takes this byte. */
function matchesMember(
  pattern: Uint8Array,
  p: number,
  patternUntil: number,
  byte: number,
  ignoreCase: boolean,
): boolean {
  const size = memberUntil(pattern, p, patternUntil) - p;
  if (size === 2) return byte === pattern[p + 1];
  const first = pattern[p];
  if (size === 1) return byte === first || (ignoreCase && lower(byte) === lower(first));
  const last = pattern[p + 2];
  const from = first <= last ? first : last;
  const to = first <= last ? last : first;
  if (!ignoreCase) return byte >= from && byte <= to;
  return lower(byte) >= lower(from) && lower(byte) <= lower(to);
}

/** Where the class member at p ends: one byte on, two for an escape, three for a range. */
function memberUntil(pattern: Uint8Array, p: number, patternUntil: number): number {
  if (pattern[p] === BACKSLASH && p + 1 < patternUntil) return p + 2;
  return p + 2 < patternUntil && pattern[p + 1] === DASH ? p + 3 : p + 1;
}

/** Where the class ends: behind its ']', or at the end of the pattern. */
function classUntil(pattern: Uint8Array, p: number, patternUntil: number): number {
  if (p < patternUntil && pattern[p] === CARET) p++;
  while (p < patternUntil && pattern[p] !== CLOSE) p = memberUntil(pattern, p, patternUntil);
  return p < patternUntil ? p + 1 : p;
}

function lower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}
