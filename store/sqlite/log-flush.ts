/**
 * Brings what was committed to the disk, beside the work of the process: a commit does not wait for it (`synchronous = NORMAL`), but nobody is
 * answered what is not there yet, neither who has written it nor who has read it. The system's `fdatasync` of the write-ahead log runs in a
 * thread of its own, and those who wait share the next: a disk that hesitates holds up nobody else. While the disk takes nothing, what is
 * written is refused, and what is there is read all the same.
 */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { storeFull, unavailable } from "../store-error.ts";
import type { Database } from "./database.ts";
import { isNoRoom } from "./no-room.ts";

/** Bytes of the log that are written again at once. */
const CHUNK_BYTES = 1_000_000;
/** A disk that has refused something is asked again after so long, milliseconds: to write the log again holds up the process. */
const ASK_AGAIN_MS = 500;

/**
 * Who waits for the disk after a commit: `readers` and who has written; `writer`, because nobody is shown it (what somebody has looked at); `nobody`,
 * because it may be lost.
 */
export type Awaited = "readers" | "writer" | "nobody";

/** The flushes of one file's write-ahead log. */
export class LogFlush {
  readonly #db: Database;
  readonly #log: string;
  /** Changes with each commit of another process. */
  #others: number;
  /** Kept open: the log stays the same file for as long as a connection is open. */
  #handle: Promise<FileHandle> | undefined;
  /** Something was committed since the last flush began; by another process before this one came, perhaps. */
  #isBehind = true;
  /** So was something that readers see. */
  #isSeen = true;
  /** Why the last flush has failed, and when, by performance.now(). */
  #failure: { error: Error; at: number } | undefined;
  #running: Promise<void> | undefined;
  /** The one that is running brings something to the disk that readers see. */
  #isRunningSeen = false;
  /** The one that has not begun yet. */
  #next: Promise<void> | undefined;

  /** @param db open, in WAL mode */
  constructor(db: Database) {
    this.#db = db;
    this.#log = `${db.file}-wal`;
    this.#others = commitsOfOthers(db);
  }

  /** This process has committed something. */
  committed(by: Awaited): void {
    if (by === "nobody") return;
    this.#isBehind = true;
    if (by === "readers") this.#isSeen = true;
  }

  /**
   * Runs what reads, once no other process is in the way. What it has seen is on the disk when it resolves, whichever process has written it,
   * or the disk has refused it.
   */
  reading<T>(work: () => T): Promise<T> {
    const found = this.#db.whenFree(() => {
      const result = work();
      const others = commitsOfOthers(this.#db);
      if (others !== this.#others) this.committed("readers");
      this.#others = others;
      return result;
    });
    return found.then(this.#whenOnDisk) as Promise<T>;
  }

  /** Of who reads: that the disk has refused it, who writes hears. */
  readonly #whenOnDisk = (found: unknown): unknown => {
    const flushed = this.#isSeen || this.#isRunningSeen ? this.flushed() : undefined;
    const answer = () => found;
    return flushed ? flushed.then(answer, answer) : found;
  };

  /** Resolves when all that was committed before is on the disk; undefined: it is there. @throws StoreError STORE_UNAVAILABLE (rejects) */
  flushed(): Promise<void> | undefined {
    if (!this.#isBehind) return this.#running;
    const { error, at } = this.#failure ?? { at: Number.NEGATIVE_INFINITY };
    if (error && performance.now() - at < ASK_AGAIN_MS) return Promise.reject(error);
    this.#next ??= this.#afterRunning();
    return this.#next;
  }

  async close(): Promise<void> {
    await this.#next?.catch(() => {});
    await this.#running?.catch(() => {});
    await this.#release();
  }

  async #afterRunning(): Promise<void> {
    await this.#running?.catch(() => {}); // each who waits for that one hears of it
    this.#next = undefined;
    this.#running = this.#flush();
    try {
      await this.#running;
    } finally {
      this.#running = undefined;
    }
  }

  async #flush(): Promise<void> {
    this.#isBehind = false;
    this.#isRunningSeen = this.#isSeen;
    this.#isSeen = false;
    try {
      if (this.#failure) await this.#db.whenFree(() => this.#db.withWriteLock(() => writeAgain(this.#log)));
      this.#handle ??= open(this.#log, "r+");
      await (await this.#handle).datasync();
      this.#failure = undefined;
    } catch (cause) {
      await this.#release();
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return; // without a log nothing was committed yet
      this.#isBehind = true;
      this.#isSeen ||= this.#isRunningSeen;
      const isFull = isNoRoom((cause as NodeJS.ErrnoException).code);
      const error = (isFull ? storeFull : unavailable)("What was committed cannot be brought to the disk.", cause);
      this.#failure = { error, at: performance.now() };
      throw error;
    } finally {
      this.#isRunningSeen = false;
    }
  }

  async #release(): Promise<void> {
    const handle = await this.#handle?.catch(() => undefined);
    this.#handle = undefined;
    await handle?.close().catch(() => {});
  }
}

const commitsOfOthers = (db: Database): number => db.one<{ data_version: number }>("PRAGMA data_version").data_version;

/** What the disk has refused once, the system takes for written: the next flush would succeed without it. */
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
