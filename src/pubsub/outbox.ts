/**
 * Messages that are published and not sent yet.
 *
 * A message is encoded once, however many receive it; messages to the same topic that follow each other are sent as one piece. So a pipeline of
 * PUBLISH costs each receiver one socket write. What is sent to whom is decided when deliver() is called: between commands, before anything
 * is written to one of the receivers, and before anybody subscribes or unsubscribes, so that no reply overtakes a message and no message
 * comes in the middle of a reply.
 *
 * RESP2 and RESP3 forms differ in the first byte of each message only.
 */
import { newUnfilled } from '../base/bytes.ts';
import { CHANNEL, PATTERN } from '../commands/pubsub.ts';
import { GATE_CLOSING, type Link, type Session } from '../commands/session.ts';
import { CaptureSink } from '../resp/capture-sink.ts';
import { ReplyWriter } from '../resp/reply-writer.ts';
import type { Topic } from './topic.ts';

/** Who gets a message. */
export interface Audience {
  readonly subscribers: Iterable<Session>;
}

const STAR = 42;
const GREATER = 62;
/** Beyond this many bytes they should be sent soon. */
const LARGE = 64 << 10;
const INITIAL_BYTES = 16 << 10;
const KEPT_BYTES_MAX = 1 << 20;

/** Messages to the same sessions: bytes [from, until) of the buffer, beginning at starts[firstStart] and so on. */
interface Batch {
  topic: Audience;
  from: number;
  until: number;
  firstStart: number;
  untilStart: number;
}

/** The receivers of a batch behind one link that speak one protocol. */
interface Receivers {
  link: Link | null;
  sessions: Session[];
  count: number;
}

export class Outbox {
  private writer = newWriter();
  private batches: Batch[] = [];
  private starts: number[] = [];
  /** By worker, RESP2 and RESP3 in turn. */
  private readonly receivers: Receivers[] = [];
  /** The message that has been begun: to whom, and where it starts. */
  private audience: Audience | null = null;
  private from = 0;
  /** Something was sent since it was last set to false: links are to be flushed. */
  sent = false;

  get isEmpty(): boolean {
    return this.batches.length === 0;
  }

  get isLarge(): boolean {
    return this.writer.pos > LARGE;
  }

  /** Adds a message to the receivers of `topic`: the channel itself or a pattern that it matches. */
  add(
    topic: Topic,
    channel: Uint8Array,
    start: number,
    end: number,
    message: Uint8Array,
    messageStart: number,
    messageEnd: number,
  ): void {
    const { batches, starts, writer } = this;
    const from = writer.pos;
    starts.push(from);
    writer.array(topic.kind === PATTERN ? 4 : 3);
    if (topic.kind === PATTERN) {
      writer.bulkText('pmessage');
      writer.bulkText(topic.name);
    } else {
      writer.bulkText(topic.kind === CHANNEL ? 'message' : 'smessage');
    }
    writer.bulk(channel, start, end);
    writer.bulk(message, messageStart, messageEnd);
    const last = batches.at(-1);
    if (last?.topic === topic) {
      last.until = writer.pos;
      last.untilStart = starts.length;
    } else {
      batches.push({
        topic,
        from,
        until: writer.pos,
        firstStart: starts.length - 1,
        untilStart: starts.length,
      });
    }
  }

  /** Begins a message that goes to these sessions as it is written, until end(). */
  begin(audience: Audience): ReplyWriter {
    this.audience = audience;
    this.from = this.writer.pos;
    return this.writer;
  }

  end(): void {
    const { audience, batches, from, starts, writer } = this;
    const last = batches.at(-1);
    if (last?.topic === audience) last.until = writer.pos;
    else {
      const start = starts.length;
      batches.push({ topic: audience!, from, until: writer.pos, firstStart: start, untilStart: start });
    }
    this.audience = null;
  }

  /** Sends everything. Frames of replies that are open are closed. */
  deliver(): void {
    const { batches } = this;
    if (batches.length === 0) return;
    for (const batch of batches) this.send(batch);
    this.sent = true;
    this.batches = [];
    this.starts = [];
    this.writer.pos = 0;
    if (this.writer.buf.length > KEPT_BYTES_MAX) this.writer = newWriter();
  }

  private send(batch: Batch): void {
    const { receivers } = this;
    const { from, topic, until } = batch;
    this.sort(topic.subscribers);
    let mark = STAR;
    for (let i = 0; i < receivers.length; i++) {
      const { count, link, sessions } = receivers[i];
      if (count === 0) continue;
      const wanted = (i & 1) === 0 ? STAR : GREATER;
      if (wanted !== mark) this.mark(batch, wanted);
      mark = wanted;
      link!.broadcast(sessions, count, this.writer.buf, from, until);
      sessions.length = 0;
      receivers[i].count = 0;
    }
  }

  /** Puts the sessions where those are that get the same bytes by the same way. */
  private sort(subscribers: Iterable<Session>): void {
    for (const session of subscribers) {
      if ((session.gate & GATE_CLOSING) !== 0) continue;
      const place = session.link.worker * 2 + (session.resp === 3 ? 1 : 0);
      while (this.receivers.length <= place) this.receivers.push({ link: null, sessions: [], count: 0 });
      const group = this.receivers[place];
      group.link = session.link;
      group.sessions[group.count++] = session;
    }
  }

  /** Makes the messages of the batch arrays or pushes. */
  private mark({ firstStart, untilStart }: Batch, byte: number): void {
    for (let i = firstStart; i < untilStart; i++) this.writer.buf[this.starts[i]] = byte;
  }
}

function newWriter(): ReplyWriter {
  const writer = new ReplyWriter(newUnfilled(INITIAL_BYTES), new CaptureSink());
  writer.limit = writer.buf.length;
  return writer;
}
