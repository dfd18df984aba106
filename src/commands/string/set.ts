import { equalBytes } from '../../base/bytes.ts';
import { NO_EXPIRE } from '../../keyspace/database.ts';
import * as errors from '../../resp/errors.ts';
import { digestHex } from '../../types/string/digest.ts';
import { isString, readString, setString, view } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { arg, DENYOOM, defineCommand, keyAt, WRITE } from '../define.ts';
import { replyString } from './get.ts';
import { expire, readExpire } from './set-options.ts';

export const SET = defineCommand({
  name: 'SET',
  summary: 'Sets the string value of a key, whatever it held before; creates the key if it does not exist.',
  group: 'string',
  since: '1.0.0',
  history: [
    ['2.6.12', 'Added the `EX`, `PX`, `NX` and `XX` options.'],
    ['6.0.0', 'Added the `KEEPTTL` option.'],
    ['6.2.0', 'Added the `GET`, `EXAT` and `PXAT` option.'],
    ['7.0.0', 'Allowed the `NX` and `GET` options to be used together.'],
  ],
  complexity: 'O(1)',
  arity: -3, // SET key value [NX|XX|IFEQ v|IFNE v|IFDEQ d|IFDNE d] [GET] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL]
  flags: WRITE | DENYOOM,
  keys: [
    {
      ...keyAt(1, 'RW', 'access', 'update', 'variable_flags'),
      notes: 'RW and ACCESS due to the optional `GET` argument',
    },
  ],
  args: [
    arg.key('key'),
    arg.string('value'),
    arg.oneOf('condition', [arg.token('nx', 'NX'), arg.token('xx', 'XX')], {
      optional: true,
      since: '2.6.12',
    }),
    arg.token('get', 'GET', { optional: true, since: '6.2.0' }),
    arg.oneOf(
      'expiration',
      [
        arg.integer('seconds', { token: 'EX', since: '2.6.12' }),
        arg.integer('milliseconds', { token: 'PX', since: '2.6.12' }),
        arg.unixTime('unix-time-seconds', { token: 'EXAT', since: '6.2.0' }),
        arg.unixTime('unix-time-milliseconds', { token: 'PXAT', since: '6.2.0' }),
        arg.token('keepttl', 'KEEPTTL', { since: '6.0.0' }),
      ],
      { optional: true },
    ),
  ],
  handler: set,
});

const ALWAYS = 0;
const IF_MISSING = 1;
const IF_PRESENT = 2;
const IF_EQUAL = 3;
const IF_NOT_EQUAL = 4;
const IF_DIGEST_EQUAL = 5;
const IF_DIGEST_NOT_EQUAL = 6;

/** What the options of the call at hand say; filled by readOptions(). */
const options = { condition: ALWAYS, comparand: 0, get: false, keepTtl: false, expireMs: NO_EXPIRE };

function set(call: Call): void {
  if (call.argc !== 3) {
    setWithOptions(call);
    return;
  }
  const { db, bytes } = call;
  const start = call.start(1);
  const end = call.end(1);
  const old = db.dict.find(call.hash, bytes, start, end);
  setString(db, old, call.hash, bytes, start, end, bytes, call.start(2), call.end(2), NO_EXPIRE);
  db.keyspace.dirty++;
  call.reply.ok();
}

function setWithOptions(call: Call): void {
  if (!readOptions(call)) return;
  const { db, bytes, hash } = call;
  const start = call.start(1);
  const end = call.end(1);
  const old = db.find(hash, bytes, start, end);
  if (needsString(old) && !isString(db, old)) {
    call.reply.error(errors.WRONG_TYPE);
    return;
  }
  const allowed = conditionHolds(call, old);
  if (options.get && !replyString(call, old)) return;
  if (!allowed) {
    if (!options.get) call.reply.null();
    return;
  }
  const expireMs = options.keepTtl && old !== 0 ? db.expireOf(old) : options.expireMs;
  setString(db, old, hash, bytes, start, end, bytes, call.start(2), call.end(2), expireMs);
  db.keyspace.dirty++;
  if (!options.get) call.reply.ok();
}

/** GET and the comparisons look at the old value, which must then be a string. */
function needsString(old: number): boolean {
  return old !== 0 && (options.get || options.condition >= IF_EQUAL);
}

function conditionHolds(call: Call, old: number): boolean {
  const { condition } = options;
  if (condition === ALWAYS) return true;
  if (condition === IF_MISSING) return old === 0;
  if (condition === IF_PRESENT) return old !== 0;
  if (old === 0) return condition === IF_NOT_EQUAL || condition === IF_DIGEST_NOT_EQUAL;
  const equal =
    condition >= IF_DIGEST_EQUAL
      ? digestEquals(call, old, options.comparand)
      : valueEquals(call, old, options.comparand);
  return equal === (condition === IF_EQUAL || condition === IF_DIGEST_EQUAL);
}

/** True when the string at `address` is argument `index`. */
export function valueEquals(call: Call, address: number, index: number): boolean {
  readString(call.db, address);
  return equalBytes(view.bytes, view.start, view.end, call.bytes, call.start(index), call.end(index));
}

/** True when the digest of the string at `address` is argument `index`, in hexadecimal. */
export function digestEquals(call: Call, address: number, index: number): boolean {
  readString(call.db, address);
  return digestHex(view.bytes, view.start, view.end) === call.lowerText(index);
}

/** Reads the options; replies the error and returns false when they contradict each other. */
function readOptions(call: Call): boolean {
  options.condition = ALWAYS;
  options.get = false;
  options.keepTtl = false;
  options.expireMs = NO_EXPIRE;
  let timed = false;
  for (let i = 3; i < call.argc; i++) {
    const condition = conditionNamed(call, i);
    if (condition !== ALWAYS) {
      if (options.condition !== ALWAYS) return syntaxError(call);
      options.condition = condition;
      if (condition >= IF_EQUAL) {
        if (++i >= call.argc) return syntaxError(call);
        options.comparand = i;
      }
    } else if (call.is(i, 'GET')) {
      options.get = true;
    } else if (call.is(i, 'KEEPTTL')) {
      if (timed || options.keepTtl) return syntaxError(call);
      options.keepTtl = true;
    } else {
      const unit = expireUnit(call, i);
      if (unit === 0 || timed || options.keepTtl || i + 1 >= call.argc) return syntaxError(call);
      timed = true;
      timeAt = ++i;
      timeUnit = unit;
    }
  }
  if (!timed) return true;
  if (!readExpire(call, timeAt, timeUnit < 0 ? -timeUnit : timeUnit, timeUnit < 0)) return false;
  options.expireMs = expire.atMs;
  return true;
}

let timeAt = 0;
let timeUnit = 0;

/** Milliseconds per unit of the option at `index`, negative for a time of day; 0 when it is no time option. */
export function expireUnit(call: Call, index: number): number {
  if (call.is(index, 'EX')) return 1000;
  if (call.is(index, 'PX')) return 1;
  if (call.is(index, 'EXAT')) return -1000;
  if (call.is(index, 'PXAT')) return -1;
  return 0;
}

function conditionNamed(call: Call, index: number): number {
  if (call.is(index, 'NX')) return IF_MISSING;
  if (call.is(index, 'XX')) return IF_PRESENT;
  if (call.is(index, 'IFEQ')) return IF_EQUAL;
  if (call.is(index, 'IFNE')) return IF_NOT_EQUAL;
  if (call.is(index, 'IFDEQ')) return IF_DIGEST_EQUAL;
  if (call.is(index, 'IFDNE')) return IF_DIGEST_NOT_EQUAL;
  return ALWAYS;
}

function syntaxError(call: Call): false {
  call.reply.error(errors.SYNTAX);
  return false;
}
