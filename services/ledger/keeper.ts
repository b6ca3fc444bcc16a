/**
 * What comes to the ledger within a moment is kept in one write. Its owners have it safe meanwhile, so a process that is busy serves the wards
 * first: it keeps some of it every few seconds, and the rest when it has time, or when it is a minute old.
 */
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { AuditBatch } from "../../federation/audit-contract.ts";
import { isType } from "../../federation/errors.ts";
import type { AuditEvent } from "../../fhir/r4.ts";
import { ledgerStops } from "./ledger.errors.ts";
import { auditEventsOf } from "./ledger.model.ts";

/** What comes within this is kept together, milliseconds. */
const GATHER_MS = 250;
/** Entries of one write: they block the node for some 20 ms. */
const MAX_TOGETHER = 200;
/** Share of its time in which a process works, from which on it is busy. */
const BUSY = 0.6;
/** A busy process keeps one write's entries after this, milliseconds. */
const LONGEST_WAIT_MS = 5_000;
/** What is older is kept however busy the process is: its owners hold no more than what comes in such a time. By their clocks; milliseconds. */
const LATEST_MS = 60_000;

interface Waiting {
  id: string;
  batch: AuditBatch;
  done: PromiseWithResolvers<void>;
}

/** Where they are kept. */
interface Kept {
  /** All or none. @throws ID_TAKEN where one of them is there */
  write(events: KeptEvent[]): Promise<unknown>;
  /** Those of these ids that are there. */
  known(ids: string[]): Promise<string[]>;
}

/** Begins to measure; what it gives tells the share of the time since then in which the process worked, 0 to 1. */
type LoadMeter = () => () => number;

const eventLoopLoad: LoadMeter = () => {
  const before = performance.eventLoopUtilization();
  return () => performance.eventLoopUtilization(before).utilization;
};

/** An AuditEvent with its id. */
export type KeptEvent = AuditEvent & { id: string };

/** Keeps batches of entries; those that come within a moment in one write. */
export class Keeper {
  readonly #kept: Kept;
  readonly #load: LoadMeter;
  #waiting: Waiting[] = [];
  #working: Promise<void> | undefined;
  readonly #stopping = new AbortController();

  /** @param load of the process; absent: of its event loop */
  constructor(kept: Kept, load: LoadMeter = eventLoopLoad) {
    this.#kept = kept;
    this.#load = load;
  }

  /** Once, however often it comes: the ids of AuditEvents follow from what they are of. Durable when it resolves. @param id of the batch, a UUID */
  keep(id: string, batch: AuditBatch): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ id, batch, done });
    this.#working ??= this.#work();
    return done.promise;
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const isQuiet = await this.#untilQuiet();
      do await this.#store(this.#take());
      while (this.#waiting.length > 0 && (isQuiet || this.#isLate));
    }
    this.#working = undefined; // at once: what comes from now on begins anew
  }

  /** Keeps what waits no more: its owners tell it again. */
  stop(): void {
    this.#stopping.abort();
    for (const { done } of this.#waiting.splice(0)) done.reject(ledgerStops());
  }

  /** Waits until the process has time, or for the longest. @returns whether it has */
  async #untilQuiet(): Promise<boolean> {
    const until = performance.now() + LONGEST_WAIT_MS;
    do {
      const used = this.#load();
      await delay(GATHER_MS, undefined, { signal: this.#stopping.signal }).catch(() => {});
      if (this.#stopping.signal.aborted || used() < BUSY) return true;
    } while (!this.#isLate && performance.now() < until);
    return false;
  }

  get #isLate(): boolean {
    const oldest = this.#waiting[0]?.batch.entries[0]?.at;
    return oldest !== undefined && Date.now() - oldest > LATEST_MS;
  }

  #take(): Waiting[] {
    let entries = 0;
    const count = this.#waiting.findIndex(({ batch }) => {
      entries += batch.entries.length;
      return entries > MAX_TOGETHER;
    });
    return this.#waiting.splice(0, count < 0 ? this.#waiting.length : Math.max(count, 1));
  }

  async #store(some: Waiting[]): Promise<void> {
    if (some.length === 0) return;
    try {
      await this.#write(some);
      for (const { done } of some) done.resolve();
    } catch (error) {
      // One that cannot be kept is no reason for the others.
      const [only, ...more] = some;
      if (more.length > 0) for (const one of some) await this.#store([one]);
      else only?.done.reject(error as Error);
    }
  }

  async #write(some: Waiting[]): Promise<void> {
    const byId = new Map(some.flatMap(({ id, batch }) => auditEventsOf(id, batch)).map((event) => [event.id, event]));
    while (byId.size > 0) {
      try {
        await this.#kept.write([...byId.values()]);
        return;
      } catch (error) {
        // The same deed of the same request is kept already, or the whole batch is, which has come again.
        const kept = isType(error, "ID_TAKEN") ? await this.#kept.known([...byId.keys()]) : [];
        if (kept.length === 0) throw error;
        for (const id of kept) byId.delete(id);
      }
    }
  }
}
