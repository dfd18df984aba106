/** How client bytes appear in error texts. */

/** Cuts at the first NUL and replaces CR and LF, as a C string in an error reply would look. */
export function latin1Repr(text: string): string {
  const nul = text.indexOf('\0');
  return nul < 0 ? text : text.slice(0, nul);
}
