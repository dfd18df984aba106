/**
 * Pages for files that are written during a measurement.
 *
 * A virtual machine that gives unused memory back to its host (free page reporting) pays for the next page it takes: writing 4 KiB to a file costs 1.5 us where
 * the page was used lately and up to 14 us where the host has to find it first. How many of one or the other a server's log gets is chance. A file that is
 * written and deleted leaves its pages behind as used ones.
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PIECE_BYTES = 1 << 20;

/** Sees to it that about so many bytes of free memory are the machine's own. Writes a file of that size, and deletes it. */
export function warmFreePages(/** @type {number} */ megabytes) {
  if (megabytes === 0) return;
  const folder = mkdtempSync(join(tmpdir(), 'threadis-bench-pages-'));
  try {
    const fd = openSync(join(folder, 'pages'), 'w');
    try {
      const piece = Buffer.alloc(PIECE_BYTES);
      for (let written = 0; written < megabytes; written++) writeSync(fd, piece);
    } finally {
      closeSync(fd);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
