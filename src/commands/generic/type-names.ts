/** The names of types and encodings, as TYPE, SCAN and OBJECT ENCODING say them, by their numbers in a record. */
import {
  ENCODING_CHAIN,
  ENCODING_EMBSTR,
  ENCODING_HT,
  ENCODING_INT,
  ENCODING_INTSET,
  ENCODING_LISTPACK,
  ENCODING_QUICKLIST,
  ENCODING_RAW,
  ENCODING_SKIPLIST,
  ENCODING_STREAM,
  encodingOf,
  TYPE_BLOOM,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_MODULE,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_STRING,
  TYPE_ZSET,
  typeOf,
} from '../../memory/record.ts';

export const TYPE_NAMES: string[] = [];
TYPE_NAMES[TYPE_STRING] = 'string';
TYPE_NAMES[TYPE_LIST] = 'list';
TYPE_NAMES[TYPE_SET] = 'set';
TYPE_NAMES[TYPE_ZSET] = 'zset';
TYPE_NAMES[TYPE_HASH] = 'hash';
TYPE_NAMES[TYPE_MODULE] = 'module';
TYPE_NAMES[TYPE_STREAM] = 'stream';
TYPE_NAMES[TYPE_BLOOM] = 'MBbloom--';

const ENCODING_NAMES: string[] = [];
ENCODING_NAMES[ENCODING_RAW] = 'raw';
ENCODING_NAMES[ENCODING_INT] = 'int';
ENCODING_NAMES[ENCODING_HT] = 'hashtable';
ENCODING_NAMES[ENCODING_INTSET] = 'intset';
ENCODING_NAMES[ENCODING_SKIPLIST] = 'skiplist';
ENCODING_NAMES[ENCODING_EMBSTR] = 'embstr';
ENCODING_NAMES[ENCODING_QUICKLIST] = 'quicklist';
ENCODING_NAMES[ENCODING_STREAM] = 'stream';
ENCODING_NAMES[ENCODING_LISTPACK] = 'listpack';
ENCODING_NAMES[ENCODING_CHAIN] = 'raw';

/** The encoding of a record as the version that is spoken names it: Redis 7.0 has no lists but quicklists. */
export function encodingName(word0: number, is72: boolean): string {
  const encoding = encodingOf(word0);
  if (!is72 && encoding === ENCODING_LISTPACK && typeOf(word0) === TYPE_LIST) return 'quicklist';
  return ENCODING_NAMES[encoding] ?? 'unknown';
}
