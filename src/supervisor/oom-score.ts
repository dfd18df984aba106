/**
 * oom-score-adj: how willingly the system ends this process when memory runs out. Linux only.
 *
 * The score that was there is kept when the first one is set; 'relative' ('yes') adds to it, and 'no' brings it back. Of the three
 * scores of oom-score-adj-values only the first, a master's, has a process here: a snapshot is written by a thread.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { systemErrorText } from '../config/files.ts';

/** The system's bounds; the directive's are wider. */
const SCORE_MIN = -1000;
const SCORE_MAX = 1000;

export class OomScore {
  private readonly path: string;
  /** What it was before the first score was set; null while none is. */
  private found: number | null = null;

  constructor(path = '/proc/self/oom_score_adj') {
    this.path = path;
  }

  /** Sets what the two directives ask for; null, or why the system refuses. */
  set(mode: string, scores: string): string | null {
    if (mode === 'no' && this.found === null) return null;
    try {
      const found = this.found ?? Number(readFileSync(this.path, 'latin1'));
      const asked = mode === 'no' ? 0 : Number(scores.split(' ')[0]);
      const score = mode === 'absolute' ? asked : found + asked;
      writeFileSync(this.path, String(Math.max(SCORE_MIN, Math.min(SCORE_MAX, score))));
      this.found = mode === 'no' ? null : found;
      return null;
    } catch (error) {
      return systemErrorText(error);
    }
  }
}
