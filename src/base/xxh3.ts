/** placeholder until the implementation lands */
export function xxh3Hex(_bytes: Uint8Array, _start: number, _end: number): string {
  throw new Error('not yet');
}
