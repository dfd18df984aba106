/**
 * The shared memory between one io worker and the executor, word by word.
 *
 * Every io worker has one *channel*: five SharedArrayBuffers that only this worker and the executor
 * touch. With two parties a ring needs no compare-and-swap: each word below has exactly one writer,
 * data is written with plain stores, and one Atomics.store of a tail publishes all of it at once.
 *
 *   control       Int32   the words below, one cache line (16 words) per writer, so that the two
 *                         threads do not steal lines from one another
 *   requestWords  Int32   descriptors, io worker -> executor     (request-ring.ts)
 *   requestBytes  Uint8   the bytes the descriptors point into
 *   replyFrames   Int32   frames, executor -> io worker          (reply-ring.ts)
 *   replyBytes    Uint8   the bytes the frames point into
 *   connections   Int32   one row per connection                 (connection-table.ts)
 *
 * Positions are free-running int32 counters (they wrap at 2^32); `position & (size - 1)` is the
 * place in the area, and a difference of two positions is exact modulo 2^32 because every area is
 * far smaller than 2^31. Sizes are powers of two.
 */

/** Private memory where one thread is both parties (executor/guest.ts): V8 copies shared memory more slowly. */
export type RingBuffer = SharedArrayBuffer | ArrayBuffer;

/** Bytes of request data one channel holds. A read of a socket brings at most 64 KiB. */
export const REQUEST_BYTES = 1 << 20;
/** Int32 words of descriptors one channel holds. */
export const REQUEST_WORDS = 1 << 16;
/** Bytes of reply data one channel holds. */
export const REPLY_BYTES = 1 << 20;
/** Int32 words of reply frames one channel holds. */
export const REPLY_WORDS = 1 << 14;

/** A command with more bytes than this travels in a buffer of its own, over the MessagePort. */
export const REQUEST_BYTES_LARGE = REQUEST_BYTES >> 2;
/** A command whose descriptor needs more words than this does too. */
export const REQUEST_WORDS_LARGE = REQUEST_WORDS >> 2;

/** The scratch buffer every socket of a worker reads into. */
export const SCRATCH_BYTES = 64 << 10;

/** Reply bytes one connection may have on the way to its socket; what is more waits in the executor. */
export const REPLY_CREDIT = 256 << 10;

// --- control words --------------------------------------------------------------------------------

/** Written by the io worker: descriptor words published. */
export const REQUEST_TAIL = 0;
/** Written by the executor: descriptor words consumed. */
export const REQUEST_HEAD = 16;
/** Written by the executor: request bytes consumed. */
export const REQUEST_BYTES_HEAD = 17;
/** Written by the executor: frame words published. */
export const REPLY_TAIL = 32;
/** Written by the io worker: frame words consumed. */
export const REPLY_HEAD = 48;
/** Written by the io worker: reply bytes consumed. */
export const REPLY_BYTES_HEAD = 49;
/**
 * How the io worker rests: 0 awake, 1 in its event loop with a waitAsync pending, 2 in a bounded
 * Atomics.wait. Set by the io worker, reset to 0 by whoever wakes it.
 */
export const IO_REST = 64;
/** The word a resting io worker sleeps on in its event loop (waitAsync). */
export const IO_PARK = 80;
/** The word an io worker sleeps on in a bounded Atomics.wait. */
export const IO_WAIT = 96;
/** 1 while the executor waits for room for replies; the io worker then rings its doorbell. */
export const REPLY_ROOM_WANTED = 112;
/** 1 while the io worker waits for room for requests; the executor then wakes it. */
export const REQUEST_ROOM_WANTED = 128;
/** Figures each side keeps for INFO threads; see IoFigure and ExecutorFigure. */
export const IO_FIGURES = 144;

/** Written by the executor: the position of the log that all frames published so far depend on, as a position of log-ring.ts; 0 for none. */
export const LOG_NEEDED = 192;

export const CONTROL_WORDS = 256;

export const REST_AWAKE = 0;
export const REST_PARKED = 1;
export const REST_WAITING = 2;

// --- the process-wide control block ---------------------------------------------------------------

/** 1 while the executor sleeps in Atomics.wait on this word. */
export const EXECUTOR_DOORBELL = 0;
/** Messages posted to the executor by main, bio or an io worker outside the rings. */
export const EXECUTOR_MAIL = 16;
/** Connections open over all io workers (against maxclients). */
export const CLIENTS_OPEN = 32;
/** Connections that were refused at once, over all io workers. */
export const CONNECTIONS_REJECTED = 33;
/** Connections closed for a query buffer over its limit. */
export const QUERY_LIMIT_CLOSED = 34;
/** Settings that io workers read and the executor writes on CONFIG SET; see SETTING_*. */
export const SETTINGS = 48;
/** How often every thread's heart beats, and main looks. A wake-up of an idle thread costs some 100 us: ten times a second would be felt. */
export const BEAT_MS = 250;
/** Counters that main watches: one heartbeat word per thread. */
export const HEARTBEATS = 80;

/** Figures of the bio thread, in the places of FIGURE_*; its commands are buffers released. */
export const BIO_FIGURES = 256;

/** The errno for which the append only file cannot be written, 0 while it can: nothing is held back then, and write commands are refused. */
export const LOG_BROKEN = 36;
/** 1 while an fsync that has failed leaves open what the append only file holds: it is to be rewritten. */
export const LOG_UNSURE = 38;
/** 1 while a client waits for an fsync (WAITAOF): bio rings the executor's doorbell when one has completed. */
export const FSYNC_AWAITED = 39;
/** 1 when replies wait for fsync, 0 when they wait for write. */
export const LOG_ALWAYS = 37;
/** Bytes of the append only file less the position up to which the log is written, as a position of log-ring.ts. It may be negative. */
export const AOF_SIZE = 288;
/** A word for each io worker: 1 while it holds replies back until the log has been written. */
export const LOG_HELD = 304;

/** What the executor runs, for main to name when it takes long: 0 for nothing or the command's id + 1; its arguments, and about how many bytes they have. */
export const EXECUTOR_COMMAND = 432;
export const EXECUTOR_ARGUMENTS = 433;
export const EXECUTOR_SIZE = 434;

/** The system's number of each thread, in the order of HEARTBEATS; 0 where it does not tell. One word for each of 130 threads. */
export const THREAD_IDS = 512;
/** The number of the main thread, behind them. */
export const MAIN_THREAD_ID = 642;
/** Main's figures. */
export const MAIN_FIGURES = 656;

/** What took long on other threads: see slow-events.ts. */
export const SLOW_EVENTS = 440;

export const PROCESS_WORDS = 768;

export const SETTING_MAX_CLIENTS = SETTINGS + 0;
/** proto-max-bulk-len, clamped to 2^31-1 (an ArrayBuffer of our own is never larger). */
export const SETTING_BULK_MAX = SETTINGS + 1;
/** client-query-buffer-limit, clamped to 2^31-1. */
export const SETTING_QUERY_BUFFER_MAX = SETTINGS + 2;
/** 1 when the default user needs a password. */
export const SETTING_PASSWORD_NEEDED = SETTINGS + 3;
/** timeout, in seconds; 0 is never. */
export const SETTING_IDLE_TIMEOUT = SETTINGS + 4;
/** tcp-keepalive, in seconds; 0 is off. */
export const SETTING_KEEPALIVE = SETTINGS + 5;
/** 1 when connections from other hosts are to be refused (protected-mode with no password). */
export const SETTING_PROTECTED = SETTINGS + 6;

// --- figures for INFO threads ---------------------------------------------------------------------

export const FIGURE_BATCHES = 0;
export const FIGURE_COMMANDS = 1;
export const FIGURE_PARKS = 2;
export const FIGURE_WAKEUPS = 3;
/** Microseconds spent awake, modulo 2^32. */
export const FIGURE_BUSY_US = 4;
export const FIGURE_READS = 5;
export const FIGURE_WRITES = 6;
export const FIGURE_HEAP_KB = 7;
/** Bytes read from and written to sockets, in two words each (low, high). */
export const FIGURE_INPUT = 8;
export const FIGURE_OUTPUT = 10;
