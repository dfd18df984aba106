/**
 * Random HyperLogLog commands: see differential.ts. The strings themselves are compared, sparse and dense, with the cardinality that
 * their headers hold; hll-sparse-max-bytes is low enough that they become dense now and then.
 */
import { seededRandom } from '../unit/base/seeded-random.ts';
import { differential } from './differential.ts';

const random = seededRandom('differential-hyperloglog');
const { below, pick } = random;
const chance = (percent: number): boolean => below(100) < percent;

const KEYS = [...Array.from({ length: 12 }, (_, i) => `hll:${i}`), 'set'];
const key = (): string => (chance(99) ? KEYS[below(12)] : 'set');
const keys = (): string[] => Array.from({ length: below(4) }, key);

const element = (): string =>
  chance(90)
    ? String(below(1_000_000))
    : chance(50)
      ? 'long'.repeat(below(10)) + String.fromCharCode(below(256))
      : '';
const elements = (): string[] => Array.from({ length: pick([0, 1, 2, 5, 20, 150]) }, element);

/** Strings that are nearly, or only by their heads, HyperLogLogs. */
function nearly(): string {
  const head = `HYLL${pick(['\x01', '\x01', '\0', '\x02'])}\0\0\0${'\0'.repeat(7)}${pick(['\0', '\x80'])}`;
  const runs = pick(['\x7f\xff', '\x7f\xfe', '\x7f\xff\x00', '', '\x80', '\xff\x7f\xfb', '\x7f\xfb\xff']);
  return chance(80) ? head + runs : chance(50) ? head.slice(0, 15) : `HYLX${head.slice(4)}`;
}

differential({
  name: 'hyperloglog',
  random,
  args: ['--hll-sparse-max-bytes', '1500'],
  commands: [
    [60, () => ['PFADD', key(), ...elements()]],
    [30, () => ['PFCOUNT', key()]],
    [6, () => ['PFCOUNT', key(), ...keys()]],
    [8, () => ['PFMERGE', key(), ...keys()]],
    [12, () => ['GET', key()]],
    [6, () => ['OBJECT', 'ENCODING', key()]],
    [8, () => ['PFDEBUG', pick(['ENCODING', 'DECODE', 'decode', 'x']), key()]],
    [0.5, () => ['PFDEBUG', pick(['TODENSE', 'GETREG']), key()]],
    [4, () => ['DEL', key()]],
    [3, () => ['SET', key(), nearly()]],
    [1, () => ['SET', key(), pick(['', '1', 'text'])]],
    [1, () => ['SADD', 'set', '1']],
    [1, () => ['EXPIREAT', key(), '33177117420']],
  ],
  look: (name) =>
    name === 'set'
      ? [['TYPE', name]]
      : [
          ['GET', name],
          ['OBJECT', 'ENCODING', name],
          ['EXPIRETIME', name],
        ],
});
