/** A place for replies that nobody is to see: CLIENT REPLY OFF, commands of a file that is loaded. */
import type { Session } from '../commands/session.ts';
import { type ReplySink, ReplyWriter } from '../resp/reply-writer.ts';

const BYTES = 64 << 10;

/** What does not fit is written over what is there. */
class Overwriting implements ReplySink {
  overflow(writer: ReplyWriter): void {
    writer.pos = 0;
  }
}

export class DiscardedReplies {
  readonly writer: ReplyWriter;

  constructor() {
    this.writer = new ReplyWriter(new Uint8Array(BYTES), new Overwriting());
    this.writer.limit = BYTES;
  }

  /** The writer, at its beginning, speaking the session's protocol. */
  for(session: Session): ReplyWriter {
    this.writer.resp = session.resp;
    this.writer.pos = 0;
    return this.writer;
  }
}
