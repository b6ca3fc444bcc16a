/** What was committed without waiting for the disk is brought there within a second, beside the work of the process. */
import { open } from "node:fs/promises";

/** Commits of so long go to the disk together, milliseconds. */
const GATHER_MS = 1_000;

/** The write-ahead log of one file. */
export class LightLog {
  readonly #file: string;
  #timer: NodeJS.Timeout | undefined;
  #syncing: Promise<void> = Promise.resolve();

  /** @param file path of the log */
  constructor(file: string) {
    this.#file = file;
  }

  /** Something was committed that is not on the disk. */
  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#syncing = this.#sync();
    }, GATHER_MS).unref();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#syncing;
  }

  /** A log that is gone was emptied into the file, which is on the disk then. */
  async #sync(): Promise<void> {
    const handle = await open(this.#file, "r+").catch(() => undefined);
    await handle?.datasync().catch(() => {});
    await handle?.close();
  }
}
