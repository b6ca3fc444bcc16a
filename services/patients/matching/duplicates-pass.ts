/**
 * Searches the whole register for probable duplicates, record by record in the order of their last change, and stores them. Records that change
 * later come at the end and are compared again. The position is stored, so that the search continues after a restart. One node of
 * the service does it.
 */
import { performance } from "node:perf_hooks";
import { setTimeout as after } from "node:timers/promises";
import { parseJson } from "../../../fhir/json.ts";
import type { Patient, Stored } from "../../../fhir/r4.ts";
import type { Cursor } from "../../../fhir/search/query.ts";
import type { Store } from "../../../store/store.ts";
import { duplicatesOf, FoundDuplicates, MAX_FOUND } from "./duplicates.ts";
import type { MatchingOptions } from "./find-matches.ts";

/** Share of the time that the search takes: 50 ms of each second, also of the processor. 100,000 records take some hours. */
const SHARE = 0.05;
/** Part of that share while the process is busy. */
const BUSY_SHARE = 0.2;
/** Utilisation of the event loop above which the process is busy. */
const BUSY = 0.5;
/** Records of one step, after which the position is stored. */
const STEP = 10;
/** Interval at which new changes are looked for when all records have been compared, milliseconds. */
const IDLE_MS = 30_000;
/** Changes of the last milliseconds are left for later: writes under way may still get an earlier position. */
const SETTLED_MS = 10_000;
/** Duration of the lease, longer than a step, milliseconds. */
const LEASE_MS = 120_000;
const LEASE = "lease/doubles";
/** Prefix of the keys of positions, as in the first version; the last one counts. */
const PLACE = "doubles/place/";

/** Progress of the search. */
export interface PassProgress {
  /** Number of compared records, in all. */
  looked: number;
  /** Position of the last one; absent: none yet. */
  at?: Cursor;
}

/** Result of a step: there are more records; all have been compared; too many pairs are stored, so that it waits; another node does it. */
export type StepEnd = "more" | "end" | "full" | "elsewhere";

/** Options of the search. */
export interface PassOptions extends Omit<MatchingOptions, "store"> {
  store: Store;
  /** Name of this node for the lease. */
  holder: string;
  /** Share of the time that it takes; default 0.05. */
  share?: number;
}

/** Runs the search in the background, in small steps. */
export class DuplicatesPass {
  readonly #store: Store;
  readonly #share: number;
  readonly #holder: string;
  readonly #options: MatchingOptions;
  readonly #found: FoundDuplicates;
  readonly #stopping = new AbortController();
  #load = performance.eventLoopUtilization();
  /** The record at which the last step has failed. */
  #failed: string | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor({ holder, share = SHARE, ...options }: PassOptions) {
    this.#store = options.store;
    this.#share = share;
    this.#holder = holder;
    this.#options = options;
    this.#found = new FoundDuplicates(options.store, options);
  }

  /** Starts after some seconds. */
  start(warn: (sentence: string) => void): void {
    this.#running = this.#run(warn);
  }

  /** Stops; resolves when the store is no longer used. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Progress of the search on whichever node. */
  async progress(): Promise<PassProgress> {
    const [newest] = (await this.#store.entries(PLACE, 10)).slice(-1);
    return newest ? (JSON.parse(newest.value) as PassProgress) : { looked: 0 };
  }

  /** Compares the next records. @param now milliseconds since 1970 */
  async step(now: number): Promise<StepEnd> {
    if (!(await this.#store.lease(LEASE, this.#holder, LEASE_MS))) return "elsewhere";
    if ((await this.#found.places()).length >= MAX_FOUND) return "full";
    const before = await this.progress();
    const { rows } = await this.#store.search({
      type: "Patient",
      clauses: [],
      sort: [{ by: "updated", desc: false }],
      want: "rows",
      limit: STEP,
      ...(before.at && { after: before.at }),
    });
    const settled = rows.filter(({ updated }) => updated < now - SETTLED_MS);
    for (const { id, json = "" } of settled) {
      const begun = performance.now();
      await this.#look(id, json);
      await this.#pause((performance.now() - begun) * (1 / this.#shareNow() - 1));
    }
    const last = settled.at(-1);
    if (last) await this.#keep({ looked: before.looked + settled.length, at: { values: last.values, seq: last.seq, id: last.id } });
    return settled.length === STEP ? "more" : "end";
  }

  #shareNow(): number {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#load);
    this.#load = now;
    return utilization > BUSY ? this.#share * BUSY_SHARE : this.#share;
  }

  /** Compares a record. One that fails a second time is skipped, since it would block all that follow. */
  async #look(id: string, json: string): Promise<void> {
    try {
      const duplicates = await duplicatesOf(parseJson(json) as Stored<Patient>, this.#options);
      await this.#found.replace(id, duplicates, await this.#found.places());
    } catch (error) {
      if (this.#failed === id) return;
      this.#failed = id;
      throw error;
    }
  }

  /** Stores the new position before it removes the old one, so that one of them exists whenever the process is killed. */
  async #keep(progress: PassProgress): Promise<void> {
    const old = await this.#store.entries(PLACE, 10);
    await this.#store.put(PLACE + `${progress.looked}`.padStart(12, "0"), JSON.stringify(progress));
    for (const { key } of old) await this.#store.remove(key);
  }

  /** Ends at once when the service stops. */
  async #pause(ms: number): Promise<void> {
    await after(ms, undefined, { ref: false, signal: this.#stopping.signal }).catch(() => {});
  }

  async #run(warn: (sentence: string) => void): Promise<void> {
    const { signal } = this.#stopping;
    await this.#pause(SETTLED_MS);
    while (!signal.aborted) {
      const end = await this.step(Date.now()).catch((error: Error) => {
        if (!signal.aborted) warn(`The search for duplicates is not possible now: ${error.message}`);
        return "end";
      });
      if (end !== "more") await this.#pause(IDLE_MS);
    }
  }
}
