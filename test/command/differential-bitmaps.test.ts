/** Random bitmap commands on strings of many lengths: see differential.ts. */
import { seededRandom } from '../unit/base/seeded-random.ts';
import { differential } from './differential.ts';

const random = seededRandom('differential-bitmaps');
const { below, pick } = random;
const chance = (percent: number): boolean => below(100) < percent;

const KEYS = [...Array.from({ length: 8 }, (_, i) => `bits:${i}`), 'set'];
const key = (): string => (chance(98) ? KEYS[below(8)] : 'set');
const upToAny = (): number => pick([10, 70, 300, 2000, 40_000]);

const bytesOf = (size: number): string => {
  const fill = pick(['\0', '\xff', '']);
  return Array.from({ length: size }, () =>
    fill !== '' && chance(99) ? fill : String.fromCharCode(below(256)),
  ).join('');
};

function offset(): string {
  return chance(96)
    ? String(below(upToAny() * 8))
    : pick(['-1', 'x', '', '4294967296', '9223372036854775807', '01']);
}

function position(): string {
  if (chance(4)) return pick(['x', '', '9223372036854775807', '-9223372036854775808', '99999999999']);
  return String(below(upToAny()) * (chance(40) ? -1 : 1));
}

const unit = (): string[] =>
  chance(50) ? [pick(['BIT', 'BYTE', 'bit', 'byte', chance(5) ? 'x' : 'BIT'])] : [];
const bit = (): string => (chance(97) ? pick(['0', '1']) : pick(['2', '-1', 'x']));

const WIDE = [
  '9223372036854775807',
  '-9223372036854775808',
  '4294967295',
  '4294967296',
  '-4294967296',
  '2147483648',
  '-2147483649',
  '9223372036854775806',
  '-9223372036854775807',
];

function number(): string {
  if (chance(3)) return pick(['x', '', '9223372036854775808']);
  const kind = below(3);
  if (kind === 0) return pick(WIDE);
  if (kind === 1) return String(below(600) - 300);
  return String((BigInt(random.uint32()) << BigInt(below(32))) * (chance(50) ? 1n : -1n));
}

function type(): string {
  if (chance(2)) return pick(['u64', 'U8', 'I8', 'i65', 'i0', 'u0', 'x8', 'i', 'u01', '', 'i-1']);
  return chance(50) ? `u${1 + below(63)}` : `i${1 + below(64)}`;
}

const fieldOffset = (): string =>
  chance(30) ? `#${below(20)}` : chance(97) ? String(below(500)) : pick(['#', '#-1', 'x', '-1']);

function step(): string[] {
  const kind = below(100);
  if (kind < 30) return ['GET', type(), fieldOffset()];
  if (kind < 55) return ['SET', type(), fieldOffset(), number()];
  if (kind < 85) return ['INCRBY', type(), fieldOffset(), number()];
  if (kind < 98) return ['OVERFLOW', pick(['WRAP', 'SAT', 'FAIL', 'sat', 'fail', chance(5) ? 'x' : 'SAT'])];
  return pick([['GET'], ['x'], ['SET', 'u8', '0'], ['OVERFLOW']]);
}

const steps = (): string[] => Array.from({ length: below(6) }, step).flat();

differential({
  name: 'bitmaps',
  random,
  commands: [
    [12, () => ['SET', key(), bytesOf(below(upToAny()))]],
    [3, () => ['SET', key(), String(below(100_000))]],
    [20, () => ['SETBIT', key(), offset(), bit()]],
    [8, () => ['GETBIT', key(), offset()]],
    [12, () => ['BITCOUNT', key(), ...(chance(85) ? [position(), position(), ...unit()] : [])]],
    [2, () => ['BITCOUNT', key(), position()]],
    [12, () => ['BITPOS', key(), bit(), ...(chance(85) ? [position(), position(), ...unit()] : [])]],
    [4, () => ['BITPOS', key(), bit(), position()]],
    [1, () => [pick(['BITCOUNT', 'BITPOS']), key(), '1', '1', '1', 'BIT', 'BIT']],
    [
      15,
      () => [
        'BITOP',
        pick(['AND', 'OR', 'XOR', 'or', chance(5) ? 'x' : 'AND']),
        key(),
        ...Array.from({ length: 1 + below(4) }, key),
      ],
    ],
    [4, () => ['BITOP', 'NOT', key(), key(), ...(chance(5) ? [key()] : [])]],
    [25, () => ['BITFIELD', key(), ...steps()]],
    [5, () => ['BITFIELD_RO', key(), ...(chance(80) ? ['GET', type(), fieldOffset()] : steps())]],
    [3, () => ['DEL', key()]],
    [1, () => ['SADD', 'set', '1']],
    [4, () => ['OBJECT', 'ENCODING', key()]],
    [4, () => ['GET', key()]],
  ],
  look: (name) =>
    name === 'set'
      ? [['TYPE', name]]
      : [
          ['GET', name],
          ['OBJECT', 'ENCODING', name],
        ],
});
