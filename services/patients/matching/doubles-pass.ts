/**
 * Goes through the whole register, record by record in the order of their last change, and keeps which are probably of one person. What changes
 * later comes at the end and is looked at again; where the pass is stands in the store, so that it goes on there after a restart. One node of
 * the service does it.
 */
import { performance } from "node:perf_hooks";
import { setTimeout as after } from "node:timers/promises";
import { parseJson } from "../../../fhir/json.ts";
import type { Patient, Stored } from "../../../fhir/r4.ts";
import type { Cursor } from "../../../fhir/search/query.ts";
import type { Store } from "../../../store/store.ts";
import { doublesOf, FoundDoubles, MAX_FOUND } from "./doubles.ts";
import type { MatchingOptions } from "./find-matches.ts";

/** Part of the time that it works: 50 ms of each second, also of the processor; the desks come first. 100,000 records take some hours. */
const SHARE = 0.05;
/** And so much of that part while the process has much else to do. */
const BUSY_SHARE = 0.2;
/** Part of the time for which the event loop works that is called much. */
const BUSY = 0.5;
/** Records of one step, after which its place is stored. */
const STEP = 10;
/** Looks for what has changed so often when all was looked through, milliseconds. */
const IDLE_MS = 30_000;
/** What was changed in the last so many milliseconds is left for later: writes that are under way may still come before it. */
const SETTLED_MS = 10_000;
/** One node at a time; more than a step takes, milliseconds. */
const LEASE_MS = 120_000;
const LEASE = "lease/doubles";
/** Begins the key of the place; the last one counts. */
const PLACE = "doubles/place/";

/** How far the pass has come. */
export interface PassProgress {
  /** Records that were looked at, in all. */
  looked: number;
  /** The last of them; absent: none yet. */
  at?: Cursor;
}

/** How a step has ended: there is more; all was looked through; so many pairs wait that it waits too; another node does it. */
export type StepEnd = "more" | "end" | "full" | "elsewhere";

/** What the pass works with. */
export interface PassOptions extends Omit<MatchingOptions, "store"> {
  store: Store;
  /** Names the node among those that may do it. */
  holder: string;
  /** Part of the time that it works; default 0.05. */
  share?: number;
}

/** Runs the pass in the background, in small steps. */
export class DoublesPass {
  readonly #store: Store;
  readonly #share: number;
  readonly #holder: string;
  readonly #options: MatchingOptions;
  readonly #found: FoundDoubles;
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
    this.#found = new FoundDoubles(options.store, options);
  }

  /** Begins, by itself, some seconds later. */
  start(warn: (sentence: string) => void): void {
    this.#running = this.#run(warn);
  }

  /** Ends; resolves when nothing is asked of the store any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** How far it has come, whichever node has done it. */
  async progress(): Promise<PassProgress> {
    const [newest] = (await this.#store.entries(PLACE, 10)).slice(-1);
    return newest ? (JSON.parse(newest.value) as PassProgress) : { looked: 0 };
  }

  /** Looks at the next records. @param now milliseconds since 1970 */
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

  /** A record that cannot be looked at for the second time is passed over: it would keep all behind it from being looked at. */
  async #look(id: string, json: string): Promise<void> {
    try {
      const doubles = await doublesOf(parseJson(json) as Stored<Patient>, this.#options);
      await this.#found.replace(id, doubles, await this.#found.places());
    } catch (error) {
      if (this.#failed === id) return;
      this.#failed = id;
      throw error;
    }
  }

  /** The new place is stored before the old one goes: whenever it is killed, one of both is there. */
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
        if (!signal.aborted) warn(`Doubles cannot be looked for now: ${error.message}`);
        return "end";
      });
      if (end !== "more") await this.#pause(IDLE_MS);
    }
  }
}
