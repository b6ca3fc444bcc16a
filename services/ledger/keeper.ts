/**
 * What comes to the ledger within a moment is kept in one write. Its owners have it safe meanwhile, so a process that is busy serves the wards
 * first: it keeps some of it every few seconds, and the rest when it has time.
 */
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { AuditBatch } from "../../federation/audit-contract.ts";
import { isType } from "../../federation/errors.ts";
import type { OwnerStep } from "../../federation/owner-contract.ts";
import { effectOf } from "../../mixins/events/event.ts";
import { creation } from "../../mixins/fhir/write-steps.ts";
import { ledgerStops } from "./ledger.errors.ts";
import { auditEventsOf } from "./ledger.model.ts";

/** What comes within this is kept together, milliseconds. */
const GATHER_MS = 250;
/** Entries of one write: they block the node for some 20 ms. */
const MAX_TOGETHER = 200;
/** Share of its time in which a process works, from which on it is busy. */
const BUSY = 0.8;
/** A busy process keeps one write's entries after this, milliseconds. */
const LONGEST_WAIT_MS = 5_000;

interface Waiting {
  id: string;
  batch: AuditBatch;
  done: PromiseWithResolvers<void>;
}

/** `this.fhir` of the service, as far as it is needed here. */
interface Writing {
  write(steps: OwnerStep[]): Promise<unknown>;
}

/** Keeps batches of entries; those that come within a moment in one write. */
export class Keeper {
  readonly #fhir: () => Writing;
  #waiting: Waiting[] = [];
  #working: Promise<void> | undefined;
  readonly #stopping = new AbortController();

  /** @param fhir asked when it is there */
  constructor(fhir: () => Writing) {
    this.#fhir = fhir;
  }

  /** Once for each id. Durable when it resolves. */
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
      while (isQuiet && this.#waiting.length > 0);
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
    for (let before = performance.eventLoopUtilization(); performance.now() < until; before = performance.eventLoopUtilization()) {
      await delay(GATHER_MS, undefined, { signal: this.#stopping.signal }).catch(() => {});
      if (this.#stopping.signal.aborted) return true;
      if (performance.eventLoopUtilization(before).utilization < BUSY) return true;
    }
    return false;
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
      // One that is handled already, or cannot be kept, is no reason for the others.
      const [only, ...more] = some;
      if (more.length > 0) for (const one of some) await this.#store([one]);
      else if (isType(error, "ALREADY_HANDLED")) only?.done.resolve();
      else only?.done.reject(error as Error);
    }
  }

  async #write(some: Waiting[]): Promise<void> {
    const byId = new Map(some.flatMap(({ id, batch }) => auditEventsOf(id, batch)).map((event) => [event.id, event]));
    for (;;) {
      const events = [...byId.values()];
      try {
        await this.#fhir().write([...events.map((event) => creation(event)), ...some.map(({ id }) => effectOf({ id }))]);
        return;
      } catch (error) {
        const taken = isType(error, "ID_TAKEN") ? events[(error as { data?: { step?: number } }).data?.step ?? -1] : undefined;
        if (!taken) throw error;
        byId.delete(taken.id); // the same deed of the same request is kept already
      }
    }
  }
}
