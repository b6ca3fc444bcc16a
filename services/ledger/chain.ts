/**
 * The hash chain over the AuditEvents in order of their creation, in segments. The hash of a segment covers that of the one before it and
 * the texts of its events, so that no event can be changed, removed or added without changing all hashes that follow.
 */
import { createHash } from "node:crypto";
import type { Cursor } from "../../fhir/search/query.ts";
import type { Store } from "../../store/store.ts";
import type { ChainState } from "./ledger.contract.ts";

/** Interval of sealing, milliseconds. */
const SEAL_EVERY_MS = 10_000;
/** Age at which events are sealed, milliseconds: on MongoDB each node orders events by its own clock, so that one with an earlier place may still come. */
const SETTLED_MS = 60_000;
/** Events in one segment. */
const MAX_EVENTS = 1_000;
const SEGMENT = "audit-segment/";
/** Prefix of the record of the newest segment whose retention has ended. */
const EXPIRED = "audit-expired/";
/** Interval at which expired events are removed, milliseconds. */
const EXPIRE_EVERY_MS = 3_600_000;
/** Events that are removed at a time. */
const MAX_PURGED = 500;
/** Lease of the node that seals, milliseconds. */
const LEASE_MS = 30_000;

interface Segment {
  n: number;
  /** Its end in the order of creation. */
  end: Cursor;
  events: number;
  /** Times of the first and the last event, ISO 8601, UTC. */
  from: string;
  to: string;
  before: string;
  hash: string;
}

/** Events whose retention has ended. */
export interface ExpiredEvents {
  events: number;
  /** Times at which the first and the last were stored, ISO 8601, UTC. */
  from: string;
  to: string;
  /** Hash of the last segment, from which the chain continues. */
  head: string;
}

type OwnStore = Pick<Store, "search" | "put" | "get" | "lease" | "entries" | "remove" | "purge">;

/** Seals AuditEvents into segments, removes expired ones, and verifies the hashes. One node at a time does so, by a lease. */
export class LedgerChain {
  readonly #store: () => OwnStore;
  readonly #noteExpired: (expired: ExpiredEvents) => Promise<unknown>;
  readonly #holder = createHash("sha256").update(`${process.pid} ${Math.random()}`).digest("hex").slice(0, 16);
  /** The newest segment that this node knows. */
  #newest: Segment | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sealing: Promise<unknown> = Promise.resolve();

  /** @param store called once it is open @param noteExpired records a removal, before it is made */
  constructor(store: () => OwnStore, noteExpired: (expired: ExpiredEvents) => Promise<unknown>) {
    this.#store = store;
    this.#noteExpired = noteExpired;
  }

  /** Starts sealing and removing. @param keptMs retention of events, milliseconds @param warn called when that fails */
  start(keptMs: number, warn: (sentence: string) => void): void {
    let expiredAt = Number.NEGATIVE_INFINITY;
    this.#timer = setInterval(() => {
      this.#sealing = this.#sealing
        .then(() => this.seal(Date.now() - SETTLED_MS))
        .then(async () => {
          if (performance.now() - expiredAt < EXPIRE_EVERY_MS) return;
          if (await this.expire(Date.now() - keptMs)) expiredAt = performance.now();
        })
        .catch((error: Error) => warn(`What is on record cannot be sealed now: ${error.message}`));
    }, SEAL_EVERY_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sealing;
  }

  /** Seals all events that were stored before a time, milliseconds since 1970. @returns number of new segments */
  async seal(before: number): Promise<number> {
    const store = this.#store();
    if (!(await store.lease("lease/chain", this.#holder, LEASE_MS))) return 0;
    for await (const segment of this.#segments(this.#newest)) this.#newest = segment;
    let last = this.#newest;
    for (let made = 0; ; made += 1) {
      const segment = await this.#segmentAfter(last, MAX_EVENTS, before);
      if (!segment) return made;
      const stored = JSON.parse(await store.put(keyOf(segment.n), JSON.stringify(segment))) as Segment;
      if (stored.hash !== segment.hash) return made; // another node has sealed it
      last = segment;
      this.#newest = segment;
    }
  }

  /**
   * Removes the events of all segments that ended before a time, milliseconds since 1970, once that is on record. The hash of the last one is kept,
   * from which the chain continues.
   * @returns false while another node has the lease, also one that has just stopped
   */
  async expire(before: number): Promise<boolean> {
    const store = this.#store();
    if (!(await store.lease("lease/chain", this.#holder, LEASE_MS))) return false;
    const former = await this.#expired();
    const over: Segment[] = [];
    for await (const segment of this.#segments(former)) {
      if (Date.parse(segment.to) >= before) break;
      over.push(segment);
    }
    const [first, last = first] = [over[0], over.at(-1)];
    if (first && last) {
      const events = over.reduce((sum, segment) => sum + segment.events, 0);
      await this.#noteExpired({ events, from: first.from, to: last.to, head: last.hash });
      await store.put(EXPIRED + padded(last.n), JSON.stringify(last));
      if (former) await store.remove(EXPIRED + padded(former.n));
    }
    // Also completes an earlier removal that was interrupted.
    const end = (last ?? former)?.end;
    if (end) await this.#purge(end);
    return true;
  }

  async #purge(end: Cursor): Promise<void> {
    const store = this.#store();
    for (;;) {
      const { rows } = await store.search({ type: "AuditEvent", clauses: [], sort: [], limit: MAX_PURGED, want: "ids" });
      const over = rows.filter(({ seq }) => seq <= end.seq).map(({ id }) => id);
      if (over.length === 0) return;
      await store.purge("AuditEvent", over);
    }
  }

  /** The newest segment whose retention has ended. */
  async #expired(): Promise<Segment | undefined> {
    const [newest] = (await this.#store().entries(EXPIRED, 10)).slice(-1);
    return newest && (JSON.parse(newest.value) as Segment);
  }

  /** Verifies all segments by hashing their events again. */
  async check(): Promise<ChainState> {
    const state = { segments: 0, events: 0 };
    let before = await this.#expired();
    for await (const segment of this.#segments(before)) {
      const found = await this.#segmentAfter(before, segment.events, Number.POSITIVE_INFINITY);
      if (found?.hash !== segment.hash || segment.before !== (before?.hash ?? "")) {
        return { ...state, broken: { segment: segment.n, from: segment.from, to: segment.to } };
      }
      state.segments += 1;
      state.events += segment.events;
      before = segment;
    }
    return { ...state, ...(before && { head: before.hash }) };
  }

  /** The next segment, from the events in the store. */
  async #segmentAfter(last: Segment | undefined, limit: number, before: number): Promise<Segment | undefined> {
    const hash = createHash("sha256").update(last?.hash ?? "");
    let after = last?.end;
    let events = 0;
    let [from, to] = ["", ""];
    while (events < limit) {
      const question = { type: "AuditEvent", clauses: [], sort: [], limit: limit - events, want: "rows" as const, ...(after && { after }) };
      const { rows, more } = await this.#store().search(question);
      // Events behind one that is too young are left for later, so that the chain has no gaps.
      const young = rows.findIndex(({ updated }) => updated >= before);
      for (const { json = "", updated, seq, id } of young < 0 ? rows : rows.slice(0, young)) {
        hash.update(createHash("sha256").update(json).digest());
        events += 1;
        from ||= new Date(updated).toISOString();
        to = new Date(updated).toISOString();
        after = { values: [], seq, id };
      }
      if (!more || young >= 0) break;
    }
    if (events === 0 || !after) return undefined;
    return { n: (last?.n ?? 0) + 1, end: after, events, from, to, before: last?.hash ?? "", hash: hash.digest("hex") };
  }

  /** All segments after a given one, in order. */
  async *#segments(behind?: Segment): AsyncGenerator<Segment> {
    const store = this.#store();
    for (let n = (behind?.n ?? 0) + 1; ; ) {
      const text = await store.get(keyOf(n));
      if (text === undefined) return;
      yield JSON.parse(text) as Segment;
      n += 1;
    }
  }
}

const padded = (n: number): string => String(n).padStart(12, "0");
const keyOf = (n: number): string => SEGMENT + padded(n);
