/** Temporary files of savings that were killed with their process: nobody else ever removes them. */
import { type Files, removeIfThere } from './files.ts';

/** What is written to has changed more recently than this, even where the disk is slow. */
const AGE_MS = 60_000;
const STRAY = /^temp-(\d+)\.rdb$|^temp-rewriteaof-bg-(\d+)\.aof(?:\.part)?$/;

/**
 * Removes temporary files in the directory that no living process can be writing. Numbers of processes mean nothing beyond a container, so a file
 * must be old, too. Never throws: who saves has more important things to complain about.
 */
export function removeStrays(files: Files, directory: string, nowMs: number = Date.now()): void {
  try {
    for (const name of files.list(directory)) {
      const match = STRAY.exec(name);
      if (match === null || isAlive(Number(match[1] ?? match[2]))) continue;
      const path = `${directory}/${name}`;
      if (nowMs - files.modifiedMs(path) > AGE_MS) removeIfThere(files, path);
    }
  } catch {
    // The directory cannot be read, or a file went meanwhile.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
