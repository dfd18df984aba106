/**
 * Writes an RDB file of items that come in pieces (../temporary-file.ts says when it is there).
 *
 *     add()      items with plain strings, as the executor wrote them: compressed here, checksummed, written
 *     end()      the end mark and the checksum
 *     abort()    nothing is left
 */
import { crc64, updateCrc64, writeCrc64 } from '../../base/crc64.ts';
import { CHECKSUM_SIZE, MAGIC, OPCODE_EOF } from '../../rdb/format.ts';
import {
  copyElement,
  copyHead,
  copyItem,
  copyTail,
  ITEM_KEY,
  PART_ELEMENTS,
  PART_HEAD,
  PART_ITEMS,
  type Part,
  seen,
} from '../../rdb/items.ts';
import { RdbReader } from '../../rdb/reader.ts';
import { RdbWriter } from '../../rdb/writer.ts';
import type { CommandBaseOptions } from '../aof/base-writer.ts';
import type { Files } from '../files.ts';
import { TemporaryFile } from '../temporary-file.ts';

/** What gathers before it is written. */
const WRITE_BYTES = 256 << 10;

export interface RdbFileOptions {
  temporary: string;
  path: string;
  version: number;
  compresses: boolean;
  checksum: boolean;
  fsyncsAsItGoes: boolean;
  /** How the file is written when it is to hold commands: then it is no RDB file. */
  commands: CommandBaseOptions | null;
}

export class RdbFileWriter {
  private readonly options: RdbFileOptions;
  private readonly file: TemporaryFile;
  private readonly reader = new RdbReader();
  private readonly writer = new RdbWriter();
  /** Of the value that comes in pieces. */
  private type = 0;
  private hi = 0;
  private lo = 0;

  private readonly afterKey: (() => void) | null;

  /** Throws when the file cannot be made. `afterKey` is for tests that want saving to last. */
  constructor(files: Files, options: RdbFileOptions, afterKey: (() => void) | null = null) {
    this.options = options;
    this.afterKey = afterKey;
    this.file = new TemporaryFile(files, options);
    this.writer.reset(options.compresses);
    for (const char of MAGIC + String(options.version).padStart(4, '0')) {
      this.writer.byte(char.charCodeAt(0));
    }
  }

  /** Bytes written so far. */
  get written(): number {
    return this.file.written;
  }

  /** Adds bytes[0..size), with plain strings. Throws when the disk does. */
  add(bytes: Uint8Array, size: number, part: Part = PART_ITEMS): void {
    const { reader, writer } = this;
    reader.open(bytes, 0, size);
    if (part === PART_HEAD) {
      copyHead(reader, writer);
      this.type = seen.type;
    } else if (part === PART_ITEMS || part === PART_ELEMENTS) this.addAll(part);
    else {
      copyTail(reader, writer, this.type);
      this.afterKey?.();
    }
  }

  private addAll(part: Part): void {
    const { reader, writer } = this;
    while (!reader.atEnd) {
      if (part === PART_ELEMENTS) copyElement(reader, writer, this.type);
      else if (copyItem(reader, writer) === ITEM_KEY) this.afterKey?.();
      if (writer.size >= WRITE_BYTES) this.flush();
    }
  }

  private flush(): void {
    const { writer } = this;
    if (this.options.checksum) {
      updateCrc64(this.hi, this.lo, writer.bytes, 0, writer.size);
      this.hi = crc64.hi;
      this.lo = crc64.lo;
    }
    this.file.write(writer.bytes, 0, writer.size);
    writer.keepSmall();
  }

  /** The file is there when this returns: TemporaryFile.finish(). */
  end(isWanted: () => boolean = () => true): void {
    this.writer.byte(OPCODE_EOF);
    this.flush();
    const sum = new Uint8Array(CHECKSUM_SIZE);
    // Without checksums Redis writes zeros, which readers take for "not known".
    if (this.options.checksum) writeCrc64(this.hi, this.lo, sum, 0);
    this.file.write(sum, 0, CHECKSUM_SIZE);
    this.file.finish(isWanted);
  }

  /** Leaves nothing behind, unless the file is whole already or was given up. Never throws. */
  abort(): void {
    this.file.abort();
  }
}
