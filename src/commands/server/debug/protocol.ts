import * as errors from '../../../resp/errors.ts';
import type { ReplyWriter } from '../../../resp/reply-writer.ts';
import type { Call } from '../../call.ts';

/** An example of each RESP3 type. Clients test their parsers with them, so the values are Redis's own. */
const EXAMPLES: Record<string, (reply: ReplyWriter) => void> = {
  string: (reply) => reply.bulkText('Hello World'),
  integer: (reply) => reply.integer(12345),
  double: (reply) => reply.double('3.141'),
  bignum: (reply) => reply.bigNumber('1234567999999999999999999999999999999'),
  null: (reply) => reply.null(),
  array(reply) {
    reply.array(3);
    for (let i = 0; i < 3; i++) reply.integer(i);
  },
  set(reply) {
    reply.set(3);
    for (let i = 0; i < 3; i++) reply.integer(i);
  },
  map(reply) {
    reply.map(3);
    for (let i = 0; i < 3; i++) {
      reply.integer(i);
      reply.boolean(i === 1);
    }
  },
  attrib(reply) {
    if (reply.resp === 3) {
      reply.attribute(1);
      reply.bulkText('key-popularity');
      reply.array(2);
      reply.bulkText('key:123');
      reply.integer(90);
    }
    reply.bulkText('Some real reply following the attribute');
  },
  push(reply) {
    if (reply.resp !== 3) {
      reply.error(errors.RESP3_ONLY);
      return;
    }
    reply.push(2);
    reply.bulkText('server-cpu-usage');
    reply.integer(42);
    reply.bulkText('Some real reply following the push reply');
  },
  verbatim: (reply) => reply.verbatim('txt', 'This is a verbatim\nstring'),
  true: (reply) => reply.boolean(true),
  false: (reply) => reply.boolean(false),
};

export function protocol(call: Call): void {
  const name = call.lowerText(2);
  if (Object.hasOwn(EXAMPLES, name)) EXAMPLES[name](call.reply);
  else call.reply.error(errors.PROTOCOL_TYPE);
}
