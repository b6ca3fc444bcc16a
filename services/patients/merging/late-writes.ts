/**
 * Moves what is written for a merged record after its merge: other systems, and apps that have it open, go on naming it, and what they write would be
 * missing from the record that replaced it.
 */
import { isRetryable } from "../../../federation/errors.ts";
import type { Caller } from "../../../mesh/caller.ts";
import type { Merges } from "./merges.ts";
import type { NotesStore } from "./merge-notes.ts";

/** Prefix of the merged records that are looked at, in the map of the service; the value is the time and the number of the next look. */
const LATE = "merge-late/";
const MINUTE_MS = 60_000;
/** Times between the looks at one record: soon after its merge, then once a day for a month. */
const AFTER_MS = [1, 5, 30, 120, 720, ...Array.from({ length: 30 }, () => 1_440)].map((minutes) => minutes * MINUTE_MS);
/** Interval of the search for records whose time has come, milliseconds. */
const EVERY_MS = 30_000;
/** Records that are waiting at most; further ones wait for these to end. */
const MAX_WAITING = 10_000;

interface Look {
  at: number; // milliseconds since 1970
  /** Number of earlier looks. */
  looks: number;
}

/** What it needs. */
export interface LateWritesOptions {
  store: NotesStore;
  merges: Pick<Merges, "state" | "merge">;
  /** The service itself. */
  caller(): Caller;
  warn(message: string): void;
}

/** The looks of one node; two nodes that look at one record do what one would do. */
export class LateWrites {
  readonly #options: LateWritesOptions;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: LateWritesOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#looking = this.#looking.then(() => this.look(Date.now())).catch((error: Error) => this.#options.warn(error.message));
    }, EVERY_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** A record was merged, or merged again. @param source "Patient/…" */
  async expect(source: string, now = Date.now()): Promise<void> {
    await this.#options.store.put(LATE + source, JSON.stringify({ at: now + (AFTER_MS[0] as number), looks: 0 } satisfies Look));
  }

  /** Looks at all records whose time has come. @throws when a service is down: the record is looked at again the next time */
  async look(now: number): Promise<void> {
    const { store } = this.#options;
    for (const { key, value } of await store.entries(LATE, MAX_WAITING)) {
      const { at, looks } = JSON.parse(value) as Look;
      if (at > now) continue;
      const isStillMerged = await this.#move(key.slice(LATE.length));
      const after = AFTER_MS[looks + 1];
      await store.remove(key);
      if (isStillMerged && after !== undefined) await store.put(key, JSON.stringify({ at: now + after, looks: looks + 1 } satisfies Look));
    }
  }

  /** @returns whether the record is still merged into another */
  async #move(source: string): Promise<boolean> {
    const { merges, caller, warn } = this.#options;
    const { state, target, left } = await merges.state(caller(), source);
    if (state !== "merged" || target === undefined || left === 0) return state !== "not merged";
    await merges.merge(caller(), { source, target, isLate: true }).catch((error: Error) => {
      if (isRetryable(error)) throw error;
      warn(`What was written for ${source} after its merge does not move to ${target}: ${error.message}`);
    });
    return true;
  }
}
