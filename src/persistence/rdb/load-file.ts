/** Cuts an RDB file into buffers of whole items with plain strings: what a loading executor is fed. */
import { OPCODE_EOF } from '../../rdb/format.ts';
import { copyItem, ITEM_KEY } from '../../rdb/items.ts';
import { CorruptRdbError } from '../../rdb/reader.ts';
import { RdbWriter } from '../../rdb/writer.ts';
import type { RdbFileReader } from './file-reader.ts';

const CHUNK_BYTES = 256 << 10;
const CHUNK_CAPACITY = CHUNK_BYTES + (16 << 10);

/** Gets buffers that belong to it from then on, how much of them is filled, and up to where the file has been read. */
export type SendItems = (bytes: Uint8Array, size: number, offset: number) => void;

/** For tests that want loading to last: asked after each key; true when what there is should be sent now, and pause() be called. */
export interface Pacing {
  pauses: () => boolean;
  pause: () => void;
}

/** Reads the file to its end. Throws CorruptRdbError: then some of what comes before the bad item has not been sent. */
export function copyItems(
  reader: RdbFileReader,
  checksum: boolean,
  send: SendItems,
  pacing: Pacing | null = null,
): void {
  const writer = new RdbWriter();
  writer.reset(false);
  writer.take(CHUNK_CAPACITY);
  const flush = () => {
    const { size } = writer;
    if (size > 0) send(writer.take(CHUNK_CAPACITY), size, reader.offset);
  };
  try {
    reader.begin();
    for (let item = copyItem(reader, writer); item !== OPCODE_EOF; item = copyItem(reader, writer)) {
      if (writer.size >= CHUNK_BYTES) flush();
      if (item === ITEM_KEY && pacing?.pauses() === true) {
        flush();
        pacing.pause();
      }
    }
    flush();
    reader.finish(checksum);
  } catch (error) {
    if (error instanceof CorruptRdbError) error.message += `, at offset ${reader.offset}`;
    throw error;
  }
}
