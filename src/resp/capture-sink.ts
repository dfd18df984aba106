/** A sink that collects replies in one growing buffer: EXEC, scripts and tests read it back. */
import { REGION_MIN, type ReplySink, ReplyWriter } from './reply-writer.ts';

export class CaptureSink implements ReplySink {
  overflow(writer: ReplyWriter, size: number): void {
    const grown = new Uint8Array(Math.max(writer.buf.length * 2, writer.pos + Math.max(size, REGION_MIN)));
    grown.set(writer.buf.subarray(0, writer.pos));
    writer.point(grown, new DataView(grown.buffer), writer.pos, grown.length);
  }
}

/** A writer over a capture buffer; `writer.buf.subarray(0, writer.pos)` is what was written. */
export function captureWriter(): ReplyWriter {
  const writer = new ReplyWriter(new Uint8Array(REGION_MIN), new CaptureSink());
  writer.limit = writer.buf.length;
  return writer;
}
