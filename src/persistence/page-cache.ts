/**
 * Tells the system that what is in a file will not be read soon: posix_fadvise(POSIX_FADV_DONTNEED).
 *
 * Node has that call in one place, its WASI: `fd_advise` is handed on to the system as it is (uvwasi). Nothing else of WASI is used, and no WebAssembly
 * runs: an instance that consists of a memory is enough, which carries the name to be opened. Wherever that is not to be had, nothing is told.
 *
 * https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md (path_open, fd_advise), posix_fadvise(2)
 */
import { basename, dirname } from 'node:path';

const DIRECTORY_FD = 3;
const ADVICE_DONTNEED = 4;
const RIGHT_FD_ADVISE = 1n << 7n;
const FD_AT = 0;
const NAME_AT = 8;

/** The functions of `wasi_snapshot_preview1` that are called here. All return an errno, 0 for success. */
interface Calls {
  path_open(
    directory: number,
    lookup: number,
    nameAt: number,
    nameSize: number,
    oflags: number,
    rights: bigint,
    inheriting: bigint,
    flags: number,
    fdAt: number,
  ): number;
  fd_advise(fd: number, offset: bigint, size: bigint, advice: number): number;
  fd_close(fd: number): number;
}

/** What Node's types leave out. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { Memory: new (descriptor: { initial: number }) => { readonly buffer: ArrayBuffer } };
};

/** A file whose contents need not stay in memory. */
export interface CachedFile {
  /**
   * Lets the system forget what it holds of bytes [start, end); what is not on the disk yet stays. A page, or a larger unit of the system's, that is only
   * partly in there stays too. Takes about 0.2 us per 4 KiB that are in memory.
   */
  drop(start: number, end: number): void;
  close(): void;
}

/** `path` must be there. Null when the system cannot be told. */
export function openCached(path: string): CachedFile | null {
  try {
    return new AdvisedFile(path);
  } catch {
    return null;
  }
}

/** One for all instances: each memory takes gigabytes of address space until it is collected. */
let memory: { readonly buffer: ArrayBuffer } | null = null;

class AdvisedFile implements CachedFile {
  private readonly calls: Calls;
  private readonly fd: number;

  constructor(path: string) {
    const { WASI } = loadWasi();
    const wasi = new WASI({ version: 'preview1', preopens: { '/': dirname(path) } });
    memory ??= new WebAssembly.Memory({ initial: 1 });
    wasi.initialize({ exports: { memory } });
    this.calls = wasi.wasiImport as unknown as Calls;
    const { written } = new TextEncoder().encodeInto(basename(path), new Uint8Array(memory.buffer, NAME_AT));
    const errno = this.calls.path_open(DIRECTORY_FD, 0, NAME_AT, written, 0, RIGHT_FD_ADVISE, 0n, 0, FD_AT);
    // Nobody else closes it, not even the collection of `wasi`.
    this.calls.fd_close(DIRECTORY_FD);
    if (errno !== 0) throw new Error(`path_open: ${errno}`);
    this.fd = new DataView(memory.buffer).getUint32(FD_AT, true);
  }

  drop(start: number, end: number): void {
    this.calls.fd_advise(this.fd, BigInt(start), BigInt(end - start), ADVICE_DONTNEED);
  }

  close(): void {
    this.calls.fd_close(this.fd);
  }
}

/** Only when it is needed, and without the warning that it is experimental: what is used of it is preview 1, which does not change any more. */
function loadWasi(): typeof import('node:wasi') {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule('node:wasi');
  } finally {
    process.emitWarning = emitWarning;
  }
}
