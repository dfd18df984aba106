/** The index of patterns, against matching every one of them. */
import { expect, it } from 'vitest';
import { globMatch } from '../../../src/base/glob.ts';
import { PATTERN } from '../../../src/commands/pubsub.ts';
import { PatternIndex } from '../../../src/pubsub/pattern-index.ts';
import { Topic } from '../../../src/pubsub/topic.ts';
import { seededRandom } from '../base/seeded-random.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');

it('finds the patterns that match, whatever was added and removed before', () => {
  const random = seededRandom('pattern index');
  const index = new PatternIndex(random.uint32());
  const topics = new Map<string, Topic>();
  const word = (letters: string, most: number) =>
    Array.from({ length: random.below(most) }, () => random.pick([...letters])).join('');
  for (let step = 0; step < 20_000; step++) {
    const pattern = word('ab', 4) + word('ab*?[]\\-^', 5);
    const known = topics.get(pattern);
    if (known === undefined && topics.size < 200) {
      const topic = new Topic(PATTERN, 0, pattern);
      topics.set(pattern, topic);
      index.add(topic);
    } else if (known !== undefined && random.below(2) === 0) {
      topics.delete(pattern);
      index.remove(known);
    }
    const channel = bytes(`xx${word('ab', 7)}`);
    const found: Topic[] = [];
    index.match(channel, 2, channel.length, found);
    const wanted = [...topics.keys()].filter((text) =>
      globMatch(bytes(text), 0, text.length, channel, 2, channel.length, false),
    );
    expect(found.map(({ name }) => name).sort()).toEqual(wanted.sort());
  }
  for (const topic of topics.values()) index.remove(topic);
  const found: Topic[] = [];
  index.match(bytes('ab'), 0, 2, found);
  expect(found).toEqual([]);
});
