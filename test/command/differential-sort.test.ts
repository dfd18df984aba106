/*
 * Random SORTs, the same to our server and to the real one: every reply must be equal. Members of sets and of sorted sets have no order
 * of their own, so that what BY finds for them as text, where equal texts leave the order open, is never equal; with LIMIT
 * the same goes for lists.
 */
import { seededRandom } from '../unit/base/seeded-random.ts';
import { differential } from './differential.ts';

const random = seededRandom('differential-sort');
const { below, pick } = random;

type Word = string;

const LISTS = ['l:0', 'l:1', 'l:large'];
const OTHERS = ['s:0', 's:1', 's:large', 'z:0', 'z:1', 'z:large'];
const KEYS = [...LISTS, ...OTHERS, 'none'];
const chance = (percent: number): boolean => below(100) < percent;
const some = (percent: number, ...words: Word[]): Word[] => (chance(percent) ? words : []);

const number = (): Word => {
  const kind = below(100);
  if (kind < 70) return String(below(200));
  if (kind < 85) return String((below(2000) - 1000) / 8);
  return pick(['-0', '0', '1e3', 'inf', '-inf', '007', '+7', '0x1F', '.5', '1e-5', '9223372036854775807']);
};
const text = (): Word =>
  pick(['a', 'b', 'prefix', 'PREFIX', '']) +
  pick(['', 'x', '1', 'yy', '\xff', '10', 'long-suffix-a', 'long-suffix-b']);
/** Mostly numbers, so that a sort by number mostly works. */
const element = (): Word => (below(500) > 0 ? number() : text());
const several = (most: number, make: () => Word[]): Word[] =>
  Array.from({ length: 1 + below(most) }, make).flat();
const howMany = (key: Word): number => (key.endsWith('large') ? 60 : 4);

/** Names a weight of its own for every element: equal texts cannot be. */
const EXACT = ['w:*', 'h:*->w'];
const LOOSE = ['w:*', 'h:*->w', 'h:*->none', 'nothing:*', '*'];

function change(): Word[] {
  const key = pick([...LISTS, ...OTHERS]);
  if (key.startsWith('l'))
    return [pick(['RPUSH', 'LPUSH']), key, ...several(howMany(key), () => [element()])];
  if (key.startsWith('s')) return ['SADD', key, ...several(howMany(key), () => [element()])];
  return ['ZADD', key, ...several(howMany(key), () => [number(), element()])];
}

function weigh(): Word[] {
  const name = number();
  // Text weights are unlike for unlike elements; numbers may be equal.
  if (chance(50))
    return ['SET', `w:${name}`, chance(95) ? `${below(50)}.${name.replace(/\D/g, '')}` : `w-${name}`];
  return ['HSET', `h:${name}`, 'w', `${below(50)}`, 'v', text()];
}

const limit = (): Word[] =>
  some(
    40,
    'LIMIT',
    String(below(60) - 5),
    chance(90) ? String(below(30) - 3) : pick(['x', '', '99999999999']),
  );
const get = (): Word[] =>
  several(3, () => ['GET', pick(['#', 'w:*', 'h:*->v', 'h:*->w', 'nothing', 'h:*', 'w:*->w', '*'])]);

function sort(): Word[] {
  const key = pick(KEYS);
  const words: Word[] = [pick(['SORT', 'SORT', 'SORT_RO']), key];
  const kind = below(10);
  if (kind < 3) words.push(...limit(), ...some(50, 'ALPHA'));
  else if (kind < 6) words.push('BY', pick([...EXACT, ...LOOSE]), ...limit());
  else if (kind < 7 && key.startsWith('l')) words.push('BY', pick(LOOSE), 'ALPHA');
  else if (!key.startsWith('s')) words.push('BY', 'nosort', ...limit(), ...some(20, 'ALPHA'));
  if (chance(40)) words.push(pick(['ASC', 'DESC']));
  if (chance(30)) words.push(...get());
  if (words[0] === 'SORT' && chance(25)) words.push('STORE', pick(['d:0', 'd:1', ...LISTS]));
  if (chance(2)) words.push(pick(['STORE', 'GET', 'x', 'BY', 'LIMIT']));
  return words;
}

differential({
  name: 'SORT',
  random,
  commands: [
    [30, change],
    [20, weigh],
    [50, sort],
    [3, () => ['SORT', pick(OTHERS.slice(0, 3)), 'BY', 'nosort', ...some(50, 'DESC'), 'STORE', 'd:2']],
    [6, () => ['DEL', pick(KEYS)]],
    [1, () => [pick(['SET', 'SADD']), 'none', 'x']],
    [1, () => ['DEL', 'none']],
    [2, () => ['LTRIM', pick(LISTS), '0', '300']],
  ],
  look: (key) =>
    key.startsWith('l') || key.startsWith('d')
      ? [
          ['LRANGE', key, '0', '-1'],
          ['OBJECT', 'ENCODING', key],
        ]
      : [['TYPE', key]],
});
