/** Cuts an RDB file into buffers of whole items with plain strings: what a loading executor is fed. */
import { OPCODE_EOF } from '../../rdb/format.ts';
import { copyItem } from '../../rdb/items.ts';
import { RdbWriter } from '../../rdb/writer.ts';
import type { RdbFileReader } from './file-reader.ts';

const CHUNK_BYTES = 256 << 10;
const CHUNK_CAPACITY = CHUNK_BYTES + (16 << 10);

/**
 * Reads the file to its end. `send` gets buffers that belong to it from then on, how much of them is filled, and up to where the file has been read.
 * Throws CorruptRdbError, after all items before the bad one have been sent.
 */
export function copyItems(
  reader: RdbFileReader,
  checksum: boolean,
  send: (bytes: Uint8Array, size: number, offset: number) => void,
): void {
  const writer = new RdbWriter();
  writer.reset(false);
  writer.take(CHUNK_CAPACITY);
  const flush = () => {
    const { size } = writer;
    if (size > 0) send(writer.take(CHUNK_CAPACITY), size, reader.offset);
  };
  reader.begin();
  while (copyItem(reader, writer) !== OPCODE_EOF) {
    if (writer.size >= CHUNK_BYTES) flush();
  }
  flush();
  reader.finish(checksum);
}
