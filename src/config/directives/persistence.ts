/*
 * Snapshots and the append only file.
 *
 * File names are names within `dir`, never paths: a client that may set them must not reach other directories. dbfilename is
 * protected besides, because a snapshot under a name of the client's choice is a way to write any file into dir.
 */

import { accepted, type Directive, type Value, WORKS } from '../directive.ts';
import { savePointsType } from '../special-types.ts';
import { INT_MAX, INT_MIN, integer, LONG_MAX, memory, oneOf, text, yesNo } from '../value-types.ts';
import { NO_DEBUG_HOOK, NO_REPLICATION } from './reasons.ts';

/** A check for names of files in `dir`: no directories, and not empty if mayBeEmpty says no. */
function bareName(directive: string, what: 'filename' | 'dirname', mayBeEmpty: boolean) {
  return (value: Value): string | null => {
    const name = value as string;
    if (name === '' && !mayBeEmpty) return `${directive} can't be empty`;
    const isPath = /[/\\]/.test(name) || name === '.' || name === '..';
    return isPath ? `${directive} can't be a path, just a ${what}` : null;
  };
}

export const PERSISTENCE: readonly Directive[] = [
  { name: 'save', type: savePointsType, initial: '3600 1 300 100 60 10000', effect: WORKS },
  { name: 'stop-writes-on-bgsave-error', type: yesNo, initial: true, effect: WORKS },
  { name: 'rdbcompression', type: yesNo, initial: true, effect: WORKS },
  { name: 'rdbchecksum', type: yesNo, initial: true, startOnly: true, effect: WORKS },
  {
    name: 'sanitize-dump-payload',
    type: oneOf('no', 'yes', 'clients'),
    initial: 'no',
    debug: true,
    effect: accepted('what comes from outside is always checked, whatever this says'),
  },
  {
    name: 'dbfilename',
    type: text,
    initial: 'dump.rdb',
    protected: true,
    check: bareName('dbfilename', 'filename', true),
    effect: WORKS,
  },
  { name: 'rdb-del-sync-files', type: yesNo, initial: false, effect: NO_REPLICATION },
  { name: 'rdb-save-incremental-fsync', type: yesNo, initial: true, effect: WORKS },
  { name: 'appendonly', type: yesNo, initial: false, denyLoading: true, effect: WORKS },
  {
    name: 'appendfilename',
    type: text,
    initial: 'appendonly.aof',
    startOnly: true,
    check: bareName('appendfilename', 'filename', false),
    effect: WORKS,
  },
  {
    name: 'appenddirname',
    type: text,
    initial: 'appendonlydir',
    startOnly: true,
    check: bareName('appenddirname', 'dirname', false),
    effect: WORKS,
  },
  { name: 'appendfsync', type: oneOf('everysec', 'always', 'no'), initial: 'everysec', effect: WORKS },
  {
    name: 'no-appendfsync-on-rewrite',
    type: yesNo,
    initial: false,
    effect: accepted('a rewrite is written by a thread of its own and does not hold an fsync up'),
  },
  { name: 'auto-aof-rewrite-percentage', type: integer(0, INT_MAX), initial: 100n, effect: WORKS },
  { name: 'auto-aof-rewrite-min-size', type: memory(0, LONG_MAX), initial: 67108864n, effect: WORKS },
  { name: 'aof-load-truncated', type: yesNo, initial: true, effect: WORKS },
  { name: 'aof-use-rdb-preamble', type: yesNo, initial: true, effect: WORKS },
  { name: 'aof-timestamp-enabled', type: yesNo, initial: false, effect: WORKS },
  { name: 'aof-rewrite-incremental-fsync', type: yesNo, initial: true, effect: WORKS },
  { name: 'aof-disable-auto-gc', type: yesNo, initial: false, hidden: '7.2', effect: NO_DEBUG_HOOK },
  {
    name: 'rdb-key-save-delay',
    type: integer(INT_MIN, INT_MAX),
    initial: 0n,
    hidden: true,
    effect: WORKS,
  },
  {
    name: 'key-load-delay',
    type: integer(INT_MIN, INT_MAX),
    initial: 0n,
    hidden: true,
    effect: WORKS,
  },
  {
    name: 'loading-process-events-interval-bytes',
    type: integer(1024, INT_MAX),
    initial: 2097152n,
    hidden: true,
    effect: NO_DEBUG_HOOK,
  },
];
