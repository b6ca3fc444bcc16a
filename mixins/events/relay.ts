/**
 * Delivers the events of one outbox queue: events of one record in order, those of different records concurrently. An event is removed from
 * the outbox once its delivery is safe. What a process that dies leaves behind is found by the next look, its own or a replica's.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Store } from "../../store/store.ts";
import type { OutboxQueue, WaitingEvent } from "../../store/writes.ts";

/** Events read at once; at most this many, with their records, are in memory. */
const BATCH = 256;
/** Records whose events are being delivered at the same time; more wait in the outbox. */
const MAX_UNDER_WAY = 512;
/** Failed records that wait for their next try. At this many, nothing further is begun: the destination is taken to be away. More than there
 * are subscriptions, so that dead endpoints, however many, do not hold up the others. */
const MAX_FAILED = 2_048;
/** A failed record is dropped from memory this long after its next try was due: another process has delivered it. Milliseconds. */
const FORGOTTEN_MS = 120_000;
/** Least time between two batches, in which more events may gather: each batch costs a commit. Milliseconds. */
const GATHER_MS = 100;
/** Delay between a write and the look for its events when nothing else is going on. Milliseconds. */
const QUIET_MS = 5;
/** Interval of the looks for what another process has left behind. Milliseconds. */
const SWEEP_MS = 2_000;
/** Pause after a failed delivery, milliseconds. Doubled each time up to the longest pause, plus up to half of it at random. */
const RETRY_MS = 200;
const LONGEST_RETRY_MS = 5_000;

const WARN_MS = 60_000;

/** Options of a relay. */
export interface RelayOptions {
  store: Pick<Store, "outbox" | "relayed">;
  queue: OutboxQueue;
  /** Least time between two batches, milliseconds; default 100. */
  gatherMs?: number;
  /**
   * Records whose events are being delivered at the same time; default 512. When given, the outbox is read again only once half of them are
   * done: each look skips what is being delivered, which is costly while the receiver is slow.
   */
  maxUnderWay?: number;
  /**
   * Tries to deliver an event once. @param tries how often this relay has tried it before
   * @returns undefined when it is safely delivered; otherwise the milliseconds until the next try
   * @throws what is logged as a warning; the event is tried again as well
   */
  send(event: WaitingEvent, tries: number): Promise<number | undefined>;
  /** Whether it is this process's turn; asked at each look and before each try. Default: always. */
  isOurs?(): Promise<boolean>;
  /** Called at most once a minute while deliveries fail. */
  warn(sentence: string): void;
}

/** Relay of one queue. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #busy = new Set<string>();
  /** Records whose first event failed: its id, its tries, and when it is due again (`performance.now()`). */
  readonly #failed = new Map<string, { id: string; tries: number; until: number }>();
  readonly #chains = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #sweep: NodeJS.Timeout;
  #forgetting: { places: string[]; done: Promise<void> } | undefined;
  #isKicked = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#sweep = setInterval(() => this.kick(), SWEEP_MS).unref();
  }

  /** Looks into the outbox soon. */
  kick(): void {
    this.#isKicked = true;
    if (this.#stopping.signal.aborted) return;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
  }

  /** Begins no further deliveries; resolves when those begun have ended, or after `patienceMs` milliseconds. */
  async stop(patienceMs = 5_000): Promise<void> {
    clearInterval(this.#sweep);
    this.#stopping.abort();
    const ended = Promise.all([this.#looking, ...this.#chains]);
    await Promise.race([ended, delay(patienceMs, undefined, { ref: false })]);
  }

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #look(): Promise<void> {
    const { store, queue, isOurs } = this.#options;
    let isMore = false;
    while (this.#isKicked && !this.#isStopped) {
      this.#isKicked = false;
      if (!isMore) await this.#pause(Math.max(QUIET_MS, this.#lookedAt + (this.#options.gatherMs ?? GATHER_MS) - performance.now()));
      this.#lookedAt = performance.now();
      isMore = false;
      try {
        if (isOurs && !(await isOurs())) return; // asked first, so that a lease is renewed however much is being delivered
        const others = this.#paused();
        if (this.#isFull || this.#failed.size >= MAX_FAILED) return; // a record that finishes kicks again, and so does the sweep
        const found = await store.outbox(queue, BATCH, [...this.#busy, ...others]);
        for (const [key, events] of Map.groupBy(found, (event) => event.key)) this.#begin(key, events);
        isMore = found.length === BATCH;
        this.#isKicked ||= isMore;
      } catch (error) {
        this.#warn(`The outbox cannot be read: ${(error as Error).message}`);
        return; // the sweep looks again
      }
    }
  }

  get #isFull(): boolean {
    const { maxUnderWay } = this.#options;
    return this.#busy.size >= (maxUnderWay === undefined ? MAX_UNDER_WAY : maxUnderWay / 2);
  }

  /** Records that are not tried now. */
  #paused(): string[] {
    const now = performance.now();
    for (const [key, { until }] of this.#failed) if (until + FORGOTTEN_MS < now) this.#failed.delete(key);
    return [...this.#failed].flatMap(([key, { until }]) => (until > now ? [key] : []));
  }

  #begin(key: string, events: WaitingEvent[]): void {
    this.#busy.add(key);
    const chain = this.#sendInOrder(key, events).finally(() => {
      this.#busy.delete(key);
      this.#chains.delete(chain);
      this.kick(); // there may be more events of this record
    });
    this.#chains.add(chain);
  }

  async #sendInOrder(key: string, events: WaitingEvent[]): Promise<void> {
    const places: string[] = [];
    for (const event of events) {
      if (this.#isStopped || !(await this.#isSent(key, event))) break;
      places.push(event.place);
    }
    if (places.length > 0) await this.#forgetFor(places);
  }

  /** Tries once. A record whose event fails gives up its slot until it is due again. */
  async #isSent(key: string, event: WaitingEvent): Promise<boolean> {
    const { isOurs, send } = this.#options;
    const before = this.#failed.get(key);
    const tries = before?.id === event.id ? before.tries : 0;
    let pause: number | undefined;
    try {
      if (isOurs && !(await isOurs())) return false;
      pause = await send(event, tries);
    } catch (error) {
      this.#warn(`Events cannot be relayed; they stay in the outbox and are tried again: ${(error as Error).message}`);
      pause = pauseAfter(tries);
    }
    if (pause === undefined) this.#failed.delete(key);
    else {
      this.#failed.set(key, { id: event.id, tries: tries + 1, until: performance.now() + pause });
      void this.#pause(pause + 1).then(() => this.kick());
    }
    return pause === undefined;
  }

  async #forgetFor(places: string[]): Promise<void> {
    for (let tries = 0; !this.#isStopped || tries === 0; tries += 1) {
      try {
        await this.#forget(places);
        return;
      } catch (error) {
        this.#warn(`Relayed events cannot be taken out of the outbox and are sent again: ${(error as Error).message}`);
      }
      await this.#pause(pauseAfter(tries));
    }
  }

  /** Events that finish meanwhile are removed together. */
  #forget(places: string[]): Promise<void> {
    if (this.#forgetting) {
      this.#forgetting.places.push(...places);
      return this.#forgetting.done;
    }
    const together = { places: [...places], done: Promise.resolve() };
    together.done = new Promise((resolve) => setImmediate(resolve)).then(() => {
      this.#forgetting = undefined;
      return this.#options.store.relayed(together.places);
    });
    this.#forgetting = together;
    return together.done;
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopping.signal, ref: false }).catch(() => {});
  }

  #warn(sentence: string): void {
    const now = performance.now();
    if (this.#isStopped || now - this.#warnedAt < WARN_MS) return;
    this.#warnedAt = now;
    this.#options.warn(sentence);
  }
}

const pauseAfter = (tries: number): number => Math.min(RETRY_MS * 2 ** Math.min(tries, 20), LONGEST_RETRY_MS) * (1 + Math.random() / 2);
