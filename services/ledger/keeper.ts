/**
 * Stores the audit entries that arrive together in one write. Their owners keep them until then, so that a busy process gives precedence to
 * clinical work: it stores a part every few seconds, and the rest when it has time, or when it is a minute old.
 */
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { AuditBatch } from "../../federation/audit-contract.ts";
import { isType } from "../../federation/errors.ts";
import type { AuditEvent } from "../../fhir/r4.ts";
import { ledgerStops } from "./ledger.errors.ts";
import { auditEventsOf } from "./ledger.model.ts";

/** Time in which entries are collected for one write, milliseconds. */
const GATHER_MS = 250;
/** Entries in one write, which blocks the node for about 20 ms. */
const MAX_TOGETHER = 200;
/** Utilisation of the event loop above which a process is busy. */
const BUSY = 0.6;
/** Interval at which a busy process makes one write, milliseconds. */
const LONGEST_WAIT_MS = 5_000;
/** Age, by the owners' clocks, at which entries are stored however busy the process is: it bounds what owners have to keep. Milliseconds. */
const LATEST_MS = 60_000;

interface Waiting {
  id: string;
  batch: AuditBatch;
  done: PromiseWithResolvers<void>;
}

/** The store of AuditEvents. */
interface Kept {
  /** Stores all or none. @throws ID_TAKEN if one of them exists */
  write(events: KeptEvent[]): Promise<unknown>;
  /** Those of these ids that exist. */
  known(ids: string[]): Promise<string[]>;
}

/** Starts a measurement; the result returns the share of the time since then in which the process worked, 0 to 1. */
type LoadMeter = () => () => number;

const eventLoopLoad: LoadMeter = () => {
  const before = performance.eventLoopUtilization();
  return () => performance.eventLoopUtilization(before).utilization;
};

/** An AuditEvent with its id. */
export type KeptEvent = AuditEvent & { id: string };

/** Stores batches of entries; those that arrive together are stored in one write. */
export class Keeper {
  readonly #kept: Kept;
  readonly #load: LoadMeter;
  #waiting: Waiting[] = [];
  #working: Promise<void> | undefined;
  readonly #stopping = new AbortController();

  /** @param load utilisation of the process; absent: of its event loop */
  constructor(kept: Kept, load: LoadMeter = eventLoopLoad) {
    this.#kept = kept;
    this.#load = load;
  }

  /** Stores a batch. Idempotent: the ids of AuditEvents are derived from their content. Durable when it resolves. @param id of the batch, a UUID */
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
    this.#working = undefined; // at once, so that the next batch starts anew
  }

  /** Drops waiting entries, which their owners will send again. */
  stop(): void {
    this.#stopping.abort();
    for (const { done } of this.#waiting.splice(0)) done.reject(ledgerStops());
  }

  /** Waits until the process has time, or the longest wait is over. @returns whether it has time */
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
      // An event that cannot be stored must not keep the others from being stored.
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
        // The same act of the same request is stored already, or the whole batch, which was sent again.
        const kept = isType(error, "ID_TAKEN") ? await this.#kept.known([...byId.keys()]) : [];
        if (kept.length === 0) throw error;
        for (const id of kept) byId.delete(id);
      }
    }
  }
}
