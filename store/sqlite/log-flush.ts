/**
 * Flushes commits to the disk beside the other work of the process. A commit does not wait for the disk (`synchronous = NORMAL`), but no answer
 * contains data that is not on the disk yet, whether its client has written or read them. The system's `fdatasync` of the write-ahead log runs in
 * a thread of its own, and all who wait share the next one, so that a slow disk delays nothing else. While the disk refuses to write, writes are
 * refused and reads go on.
 */
import { closeSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { StoreError, storeFull, unavailable } from "../store-error.ts";
import type { Database } from "./database.ts";
import { isNoRoom } from "./no-room.ts";

/** Bytes of the log that are rewritten at once. */
const CHUNK_BYTES = 1_000_000;
/** After a failed flush, how long until the next attempt, milliseconds: rewriting the log blocks the process. */
const ASK_AGAIN_MS = 500;

/** Interval between two checks that the file is still in its place, milliseconds. */
const LOOK_EVERY_MS = 1_000;

/**
 * Whose answers wait for the flush of a commit. `readers`: the writer's and those of later readers; `writer`: the writer's only, since no reader
 * sees the data (audit notes); `nobody`: the data may be lost.
 */
export type Awaited = "readers" | "writer" | "nobody";

/** Places of counters that a thread which writes shares with the readers of its process; they wrap around. */
export const COUNTER = { commits: 0, seen: 1 } as const;

/** What a thread that writes lets the readers of its process know. */
export interface FlushSharing {
  /** Two numbers: how many writes were committed, and how many of those that readers see. They rise before the commit. */
  counters: Int32Array;
  /** Called when everything up to a value of the counter `seen` is on the disk, or was refused by it. */
  flushed(seen: number): void;
}

/** The flushes of one file's write-ahead log. */
export class LogFlush {
  readonly #db: Database;
  readonly #log: string;
  /** Number by which the system knows the file that is open. */
  readonly #ino: number;
  #lookedAt = performance.now();
  /** Changes with every commit of another process. */
  #others: number;
  /** Stays open: the log is the same file for as long as a connection is open. */
  #handle: Promise<FileHandle> | undefined;
  /** Whether something has been committed since the last flush began; true at the start, since another process may have committed. */
  #isBehind = true;
  /** Whether something that readers see is among it. */
  #isSeen = true;
  /** Error and time (performance.now()) of the last flush, if it failed. */
  #failure: { error: Error; at: number } | undefined;
  #running: Promise<void> | undefined;
  /** Whether the running flush contains something that readers see. */
  #isRunningSeen = false;
  /** The flush that has not begun yet. */
  #next: Promise<void> | undefined;

  readonly #sharing: FlushSharing | undefined;

  /** @param db open, in WAL mode */
  constructor(db: Database, sharing?: FlushSharing) {
    this.#db = db;
    this.#sharing = sharing;
    this.#log = `${db.file}-wal`;
    this.#ino = statSync(db.file).ino;
    this.#others = db.commitsOfOthers();
  }

  /** Notes a write that this connection is about to commit. */
  committing(by: Awaited): void {
    if (this.#sharing) Atomics.add(this.#sharing.counters, COUNTER.commits, 1);
    if (by === "nobody") return;
    this.#isBehind = true;
    if (by === "writer") return;
    this.#isSeen = true;
    if (this.#sharing) Atomics.add(this.#sharing.counters, COUNTER.seen, 1);
  }

  /** Notes that a commit has failed: readers who have seen the counter rise would wait until another write is flushed. */
  rolledBack(): void {
    if (this.#sharing && this.#isBehind) this.flushed()?.catch(() => {}); // an error is told to the next writer
  }

  #seen(): number {
    return this.#sharing ? Atomics.load(this.#sharing.counters, COUNTER.seen) : 0;
  }

  /**
   * Runs a read once no other process locks the file. It resolves when everything that it has seen is on the disk, whichever process wrote it, or
   * when the disk has refused that.
   * @param areFlushed whether the commits of others that it has seen since the last read are brought to the disk by those
   */
  reading<T>(work: () => T | Promise<T>, areFlushed?: () => boolean): Promise<T> {
    const found = this.#db.whenFree(() => {
      const result = work();
      const others = this.#db.commitsOfOthers();
      if (others !== this.#others && !areFlushed?.()) this.committing("readers");
      this.#others = others;
      return result;
    });
    return found.then(this.#whenOnDisk) as Promise<T>;
  }

  /** For readers: a failed flush is an error for the writer only. */
  readonly #whenOnDisk = (found: unknown): unknown => {
    const flushed = this.#isSeen || this.#isRunningSeen ? this.flushed() : undefined;
    const answer = () => found;
    return flushed ? flushed.then(answer, answer) : found;
  };

  /** Resolves when all earlier commits are on the disk; undefined if they are. @throws StoreError STORE_UNAVAILABLE (rejects) */
  flushed(): Promise<void> | undefined {
    if (!this.#isBehind) return this.#running;
    const { error, at } = this.#failure ?? { at: Number.NEGATIVE_INFINITY };
    if (error && performance.now() - at < ASK_AGAIN_MS) {
      this.#sharing?.flushed(this.#seen());
      return Promise.reject(error);
    }
    this.#next ??= this.#afterRunning();
    return this.#next;
  }

  async close(): Promise<void> {
    await this.#next?.catch(() => {});
    await this.#running?.catch(() => {});
    await this.#release();
  }

  async #afterRunning(): Promise<void> {
    await this.#running?.catch(() => {}); // those who wait for that flush get its error
    this.#next = undefined;
    this.#running = this.#flush();
    try {
      await this.#running;
    } finally {
      this.#running = undefined;
    }
  }

  async #flush(): Promise<void> {
    const seen = this.#seen();
    this.#isBehind = false;
    this.#isRunningSeen = this.#isSeen;
    this.#isSeen = false;
    try {
      await this.#requirePlace();
      if (this.#failure) await this.#db.whenFree(() => this.#db.withWriteLock(() => writeAgain(this.#log)));
      this.#handle ??= open(this.#log, "r+");
      await (await this.#handle).datasync();
      this.#failure = undefined;
    } catch (cause) {
      if (!(cause instanceof StoreError)) await this.#release(); // a removed log is known by its handle only
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return; // there is no log before the first commit
      this.#isBehind = true;
      this.#isSeen ||= this.#isRunningSeen;
      const isFull = isNoRoom((cause as NodeJS.ErrnoException).code);
      const told = "What was committed cannot be brought to the disk.";
      const error = cause instanceof StoreError ? cause : (isFull ? storeFull : unavailable)(told, cause);
      this.#failure = { error, at: performance.now() };
      throw error;
    } finally {
      this.#isRunningSeen = false;
      this.#sharing?.flushed(seen);
    }
  }

  /**
   * The system goes on writing to a file that was removed, and nobody will ever read that again.
   * @throws StoreError STORE_UNAVAILABLE (rejects)
   */
  async #requirePlace(): Promise<void> {
    if (!this.#failure && performance.now() - this.#lookedAt < LOOK_EVERY_MS) return;
    const { file } = this.#db;
    const [there, log] = await Promise.all([stat(file).catch(() => undefined), this.#handle?.then((handle) => handle.stat())]);
    if (there?.ino !== this.#ino || log?.nlink === 0) {
      throw unavailable(`${file} was removed or replaced while it was in use: stop this service and restore the newest backup.`);
    }
    this.#lookedAt = performance.now();
  }

  async #release(): Promise<void> {
    const handle = await this.#handle?.catch(() => undefined);
    this.#handle = undefined;
    await handle?.close().catch(() => {});
  }
}

/** Rewrites the log: after a failed flush the system takes the pages for written, so that the next flush would succeed without them. */
function writeAgain(file: string): void {
  const handle = openSync(file, "r+");
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (let at = 0; ; ) {
      const bytes = readSync(handle, chunk, 0, CHUNK_BYTES, at);
      if (bytes === 0) return;
      writeSync(handle, chunk, 0, bytes, at);
      at += bytes;
    }
  } finally {
    closeSync(handle);
  }
}
