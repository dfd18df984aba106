/**
 * Random geo commands: see differential.ts. Results come in the same order as from the real server, those at the same distance too, and
 * with the same digits.
 */
import { seededRandom } from '../unit/base/seeded-random.ts';
import { differential } from './differential.ts';

const random = seededRandom('differential-geo');
const { below, pick } = random;
const chance = (percent: number): boolean => below(100) < percent;

const KEYS = [...Array.from({ length: 4 }, (_, i) => `geo:${i}`), 'string'];
const key = (): string => (chance(98) ? KEYS[below(4)] : 'string');
/** Where places are stored, and where distances: of these the last digit may differ, as sine and cosine do. */
const STORED = ['stored:0', 'stored:1'];
const DISTANCES = ['distances:0', 'distances:1'];
const member = (): string => (chance(97) ? `place:${below(400)}` : 'none');

/** Two crowded regions, one of them at the date line, and the whole earth. */
function place(): string[] {
  const part = (size: number): number => (below(1_000_000_000) / 1_000_000_000) * size;
  const kind = below(100);
  if (kind < 30) return [String(13 + part(2)), String(37 + part(2))];
  if (kind < 45) return [String((chance(50) ? 178 : -180) + part(2)), String(-1 + part(2))];
  if (kind < 55) return [String(part(360) - 180), String((chance(50) ? -85 : 78) + part(7))];
  if (kind < 97) return [String(part(360) - 180), String(part(170) - 85)];
  return pick([
    ['180', '85.05112878'],
    ['-180', '-85.05112878'],
    ['0', '0'],
    ['180.0001', '0'],
    ['0', '-86'],
    ['x', '0'],
    ['0', 'x'],
    ['inf', '1'],
    ['1e30', '1'],
  ]);
}

const unit = (): string => pick(['m', 'km', 'ft', 'mi', 'KM', chance(3) ? 'x' : 'Mi']);

function length(): string {
  if (chance(3)) return pick(['0', '-1', 'x', '1e3', 'inf']);
  return String(below(pick([10, 1000, 100_000, 3_000_000])) / pick([1, 3, 1000]));
}

/** In any order, and sometimes not all or twice. */
function shuffled(parts: string[][]): string[] {
  const kept = parts.filter(() => chance(97));
  for (let i = kept.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [kept[i], kept[j]] = [kept[j], kept[i]];
  }
  if (chance(2) && kept.length > 0) kept.push(kept[0]);
  return kept.flat();
}

const from = (): string[] => (chance(50) ? ['FROMMEMBER', member()] : ['FROMLONLAT', ...place()]);
const by = (): string[] =>
  chance(50) ? ['BYRADIUS', length(), unit()] : ['BYBOX', length(), length(), unit()];

function common(): string[][] {
  const parts: string[][] = [];
  if (chance(40)) {
    parts.push(['COUNT', chance(96) ? String(1 + below(30)) : pick(['0', '-1', 'x'])]);
    if (chance(30)) parts.push(['ANY']);
  } else if (chance(2)) {
    parts.push(['ANY']);
  }
  if (chance(50)) parts.push([pick(['ASC', 'DESC', 'asc'])]);
  return parts;
}

function withParts(): string[][] {
  return ['WITHDIST', 'WITHHASH', 'WITHCOORD', 'withdist'].filter(() => chance(25)).map((word) => [word]);
}

const stored = (): string[][] =>
  chance(40)
    ? [
        chance(50) ? ['STORE', pick(STORED)] : ['STOREDIST', pick(DISTANCES)],
        ...(chance(3) ? [['WITHDIST']] : []),
      ]
    : withParts();

differential({
  name: 'geo',
  random,
  commands: [
    [
      20,
      () => [
        'GEOADD',
        key(),
        ...(chance(15) ? [pick(['NX', 'XX', 'CH', 'nx'])] : []),
        ...(chance(5) ? ['CH'] : []),
        ...Array.from({ length: 1 + below(5) }, () => [...place(), member()]).flat(),
        ...(chance(1) ? ['1'] : []),
      ],
    ],
    [3, () => ['ZREM', key(), member(), member()]],
    [8, () => ['GEODIST', key(), member(), member(), ...(chance(50) ? [unit()] : [])]],
    [6, () => ['GEOHASH', key(), ...Array.from({ length: below(4) }, member)]],
    [6, () => ['GEOPOS', key(), ...Array.from({ length: below(4) }, member)]],
    [30, () => ['GEOSEARCH', key(), ...shuffled([from(), by(), ...common(), ...withParts()])]],
    [4, () => ['GEOSEARCHSTORE', pick(STORED), key(), ...shuffled([from(), by(), ...common()])]],
    [
      4,
      () => ['GEOSEARCHSTORE', pick(DISTANCES), key(), 'STOREDIST', ...shuffled([from(), by(), ...common()])],
    ],
    [8, () => ['GEORADIUS', key(), ...place(), length(), unit(), ...shuffled([...common(), ...stored()])]],
    [
      4,
      () => ['GEORADIUS_RO', key(), ...place(), length(), unit(), ...shuffled([...common(), ...withParts()])],
    ],
    [
      8,
      () => ['GEORADIUSBYMEMBER', key(), member(), length(), unit(), ...shuffled([...common(), ...stored()])],
    ],
    [
      4,
      () => [
        'GEORADIUSBYMEMBER_RO',
        key(),
        member(),
        length(),
        unit(),
        ...shuffled([...common(), ...(chance(5) ? stored() : withParts())]),
      ],
    ],
    [1, () => ['ZADD', key(), pick(['0', '-5', '1.5', '1e18', '4503599627370496', '-1e300']), 'odd']],
    [2, () => ['GEOPOS', key(), 'odd']],
    [0.3, () => ['DEL', key()]],
    [1, () => ['SET', 'string', 'x']],
    [4, () => ['ZRANGE', pick(STORED), '0', '-1', 'WITHSCORES']],
    [4, () => ['ZRANGE', pick(DISTANCES), '0', '-1']],
    [2, () => ['OBJECT', 'ENCODING', pick(STORED)]],
  ],
  look: (name) =>
    name === 'string'
      ? [['TYPE', name]]
      : [
          ['ZRANGE', name, '0', '-1', ...(DISTANCES.includes(name) ? [] : ['WITHSCORES'])],
          ['OBJECT', 'ENCODING', name],
        ],
});
