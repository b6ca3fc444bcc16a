/**
 * What was committed without waiting for the disk (`synchronous = NORMAL`) is brought there beside the work of the process: the system's `fdatasync`
 * of the write-ahead log runs in a thread of its own, and those who wait for one share the next.
 */
import { type FileHandle, open } from "node:fs/promises";
import { unavailable } from "../store-error.ts";

/** The write-ahead log of one file. */
export class LightLog {
  readonly #file: string;
  /** Kept open: the log stays the same file for as long as a connection is open. */
  #handle: Promise<FileHandle> | undefined;
  #running: Promise<void> = Promise.resolve();
  /** The one that has not begun yet. */
  #next: Promise<void> | undefined;

  /** @param file path of the log */
  constructor(file: string) {
    this.#file = file;
  }

  /** Resolves when all that was committed before is on the disk. @throws StoreError STORE_UNAVAILABLE */
  synced(): Promise<void> {
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      const sync = this.#sync();
      this.#running = sync.catch(() => {}); // each who waits hears of it
      return sync;
    });
    return this.#next;
  }

  async close(): Promise<void> {
    await this.#next?.catch(() => {});
    await this.#running;
    const handle = await this.#handle?.catch(() => undefined);
    await handle?.close();
  }

  async #sync(): Promise<void> {
    try {
      this.#handle ??= open(this.#file, "r+");
      await (await this.#handle).datasync();
    } catch (error) {
      this.#handle = undefined;
      throw unavailable("What was committed cannot be brought to the disk.", error);
    }
  }
}
