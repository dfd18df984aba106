/** Who empties segments of an arena: whoever holds references asks where what they refer to is from now on. */
export interface Mover {
  /** Where the cell is now: in another place, with the same content, if it lay in a segment that is being emptied. */
  moved(address: number): number;
}
