/**
 * ArrayBuffer.prototype.transfer on Node 20, where V8 has it behind a flag: it is how the memory of a buffer is given back at once
 * (../memory/arena.ts releaseBuffer()).
 *
 * With the flag set before a thread starts its own realm has the function. But whatever changes V8's flags makes Node's built-in modules
 * unfit for the code cache that they come with, in every thread that starts later: 35 ms for each. So the flag is set when the first
 * buffer is to be released, for as long as it takes to make another realm, and that realm's function is used: what it does depends on the buffer it
 * is called on only.
 */
import v8 from 'node:v8';
import { runInNewContext } from 'node:vm';

const FLAG = 'harmony-rab-gsab-transfer';

/** Where this thread has no transfer(), gives it one. */
export function provideTransfer(): void {
  if ('transfer' in ArrayBuffer.prototype) return;
  define(function transferFirst(this: ArrayBuffer, size?: number): ArrayBuffer {
    const transfer = transferOfAnotherRealm();
    define(transfer);
    return transfer.call(this, size);
  });
}

type Transfer = (this: ArrayBuffer, size?: number) => ArrayBuffer;

function define(value: Transfer): void {
  Object.defineProperty(ArrayBuffer.prototype, 'transfer', { value, configurable: true, writable: true });
}

function transferOfAnotherRealm(): Transfer {
  v8.setFlagsFromString(`--${FLAG}`);
  try {
    return runInNewContext('ArrayBuffer.prototype.transfer');
  } finally {
    v8.setFlagsFromString(`--no-${FLAG}`);
  }
}
