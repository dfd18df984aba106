/** A growable list of record addresses that its owner re-uses: what Dict.scan and Dict.drain append to. */
export class AddressList {
  /** Valid in [0, length). Replaced when the list grows. */
  declare addresses: Int32Array;
  length = 0;

  constructor(capacity = 64) {
    this.addresses = new Int32Array(Math.max(1, capacity));
  }

  /** Allocates on the JS heap only when the list has never been so long. */
  push(address: number): void {
    if (this.length === this.addresses.length) this.enlarge();
    this.addresses[this.length++] = address;
  }

  clear(): void {
    this.length = 0;
  }

  private enlarge(): void {
    const larger = new Int32Array(this.addresses.length * 2);
    larger.set(this.addresses);
    this.addresses = larger;
  }
}
