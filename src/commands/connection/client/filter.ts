/**
 * The filters of CLIENT LIST and CLIENT KILL: those of Redis 7.2 and of Valkey 9. All that are given must hold.
 *
 *   ID id [id ...]  TYPE t  USER u  ADDR a  LADDR a  MAXAGE s  SKIPME yes|no
 *   NAME n  IDLE s  FLAGS f  LIB-NAME n  LIB-VER v  DB n  CAPA c  IP ip       Valkey's, and NOT-x for x of both but MAXAGE, IDLE and SKIPME
 */
import { parseSafeInteger } from '../../../base/int64.ts';
import * as errors from '../../../resp/errors.ts';
import type { Call } from '../../call.ts';
import { GATE_CLOSING, type Session } from '../../session.ts';
import { flagsOf } from './client-line.ts';
import { clientType, typeOfClient } from './client-type.ts';

type Test = (session: Session) => boolean;

/** Flags that CLIENT LIST may show. */
const FLAGS = /^[OSMPxbtRBdcuAUrNeT]*$/;

export class ClientFilter {
  /** The ids that ID names, in their order; null when it was not given. */
  ids: number[] | null = null;
  skipMe: boolean;
  private readonly tests: Test[] = [];
  private readonly call: Call;
  private readonly forKill: boolean;

  /** CLIENT KILL spares who asks, and has errors of its own. */
  constructor(call: Call, forKill: boolean) {
    this.call = call;
    this.forKill = forKill;
    this.skipMe = forKill;
  }

  /** Reads the options from argument `from` on; an error text or null. */
  read(from: number): string | null {
    const { call } = this;
    let i = from;
    while (i < call.argc) {
      const name = call.lowerText(i);
      if (name === 'id' || name === 'not-id') {
        if (i + 1 === call.argc) return errors.SYNTAX;
        const until = this.readIds(i + 1, name === 'not-id');
        if (until < 0) return this.forKill ? errors.CLIENT_ID_POSITIVE : errors.CLIENT_ID;
        i = until;
        continue;
      }
      if (i + 1 === call.argc) return errors.SYNTAX;
      const error = this.readOption(name, call.text(i + 1));
      if (error !== null) return error;
      i += 2;
    }
    return null;
  }

  /** Takes ids from argument `from` on; where they end, or -1 when there is none or a wrong one. */
  private readIds(from: number, isNot: boolean): number {
    const { call } = this;
    const ids: number[] = [];
    let at = from;
    for (; at < call.argc; at++) {
      const id = parseSafeInteger(call.bytes, call.start(at), call.end(at));
      if (Number.isNaN(id)) {
        // An option follows; LIST takes no other word for one.
        if (ids.length === 0 || (!this.forKill && !isOption(call.lowerText(at)))) return -1;
        break;
      }
      if (this.forKill && id < 1) return -1;
      ids.push(id);
    }
    if (!isNot) this.ids = ids;
    this.tests.push((session) => ids.includes(session.id) !== isNot);
    return at;
  }

  private readOption(name: string, value: string): string | null {
    if (name === 'skipme') {
      this.skipMe = value.toLowerCase() === 'yes';
      return /^(yes|no)$/i.test(value) ? null : errors.SYNTAX;
    }
    if (name === 'maxage' || name === 'idle') return this.readSeconds(name, value);
    const isNot = name.startsWith('not-');
    const make = OPTIONS[isNot ? name.slice(4) : name];
    if (make === undefined) return errors.SYNTAX;
    const test = make(value, this.call);
    if (typeof test === 'string') return test;
    this.tests.push(isNot ? (session) => !test(session) : test);
    return null;
  }

  private readSeconds(name: 'maxage' | 'idle', value: string): string | null {
    if (!/^-?[0-9]{1,18}$/.test(value)) return errors.filterInteger(name);
    const ms = Number(value) * 1000;
    if (ms <= 0) return errors.filterPositive(name);
    const { nowMs } = this.call.server;
    this.tests.push(
      (session) => nowMs - (name === 'maxage' ? session.createdMs : session.lastCommandMs) >= ms,
    );
    return null;
  }

  matches(session: Session): boolean {
    if ((session.gate & GATE_CLOSING) !== 0) return false;
    if (this.skipMe && session === this.call.session) return false;
    return this.tests.every((test) => test(session));
  }

  /** Those that match: in the order of ID, or of their age. */
  *sessions(): Iterable<Session> {
    const { sessions } = this.call.server;
    if (this.ids === null) {
      for (const session of sessions.values()) if (this.matches(session)) yield session;
      return;
    }
    for (const id of this.ids) {
      const session = sessions.get(id);
      if (session !== undefined && this.matches(session)) yield session;
    }
  }
}

const OPTIONS: Record<string, ((value: string, call: Call) => Test | string) | undefined> = {
  type(value) {
    const type = clientType(value);
    return type === null ? errors.unknownClientType(value) : (session) => typeOfClient(session) === type;
  },
  user: (value, call) =>
    value === call.session.user
      ? (session) => session.user === value && session.authenticated
      : errors.noSuchUser(value),
  addr: (value) => (session) => session.address === value,
  laddr: (value) => (session) => session.localAddress === value,
  ip: (value) => (session) => session.address.slice(0, session.address.lastIndexOf(':')) === value,
  name: (value) => (session) => session.name === value,
  'lib-name': (value) => (session) => session.libName === value,
  'lib-ver': (value) => (session) => session.libVersion === value,
  capa: (value) => (session) => [...value].every((letter) => session.capabilities.includes(letter)),
  flags: (value, call) =>
    FLAGS.test(value)
      ? (session) => [...value].every((flag) => flagsOf(call, session).includes(flag))
      : errors.unknownFlags(value),
  db(value, call) {
    const index = /^[0-9]{1,9}$/.test(value) ? Number(value) : -1;
    if (!(index in call.server.keyspace.databases)) return errors.DB_INDEX_RANGE;
    return (session) => session.db.index === index;
  },
};

const OTHERS = new Set(['id', 'maxage', 'idle', 'skipme']);

function isOption(word: string): boolean {
  return (
    OTHERS.has(word) ||
    Object.hasOwn(OPTIONS, word.startsWith('not-') ? word.slice(4) : word) ||
    word === 'not-id'
  );
}
