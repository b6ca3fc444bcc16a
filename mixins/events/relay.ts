/**
 * Takes the events of one outbox queue to where they are handled: those of one record in order, different records side by side. An event
 * leaves the outbox when it is safe there. A process that dies leaves the rest to the next look, its own or a replica's.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { OutboxQueue, Store, WaitingEvent } from "../../store/store.ts";

/** Events read at once; so many are in memory, and their records. */
const BATCH = 256;
/** Records whose events are on their way at once; more wait in the outbox. */
const MAX_RECORDS = 512;
/** From one look to the next, in which more events may come: each look, and what follows, costs a commit. Milliseconds. */
const GATHER_MS = 100;
/** From a write to the look at a quiet time. Milliseconds. */
const QUIET_MS = 5;
/** What another process has left behind is found after this. Milliseconds. */
const SWEEP_MS = 2_000;
/** Pause after an event that did not get through, milliseconds: doubled each time up to the longest, and up to half as much again. */
const RETRY_MS = 200;
const LONGEST_RETRY_MS = 5_000;

const WARN_MS = 60_000;

/** What a relay is made of. */
export interface RelayOptions {
  store: Pick<Store, "outbox" | "relayed">;
  queue: OutboxQueue;
  /** Resolves when the event is safe where it goes; what fails is tried again. */
  send(event: WaitingEvent): Promise<void>;
  /** Whether it is this process's turn; asked before each look. Default: always. */
  isOurs?(): Promise<boolean>;
  /** Told once a minute for as long as it goes wrong. */
  warn(sentence: string): void;
}

/** The relay of one queue. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #busy = new Set<string>();
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

  /** Something may be in the outbox. */
  kick(): void {
    this.#isKicked = true;
    if (this.#stopping.signal.aborted) return;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
  }

  /** Sends nothing more; resolves when what is under way has ended, or `patienceMs` milliseconds have gone by. */
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
      if (!isMore) await this.#pause(Math.max(QUIET_MS, this.#lookedAt + GATHER_MS - performance.now()));
      this.#lookedAt = performance.now();
      isMore = false;
      try {
        if (this.#busy.size >= MAX_RECORDS || (isOurs && !(await isOurs()))) return; // a record that is done kicks, and so does the sweep
        const found = await store.outbox(queue, BATCH, [...this.#busy]);
        for (const [key, events] of Map.groupBy(found, (event) => event.key)) this.#begin(key, events);
        isMore = found.length === BATCH;
        this.#isKicked ||= isMore;
      } catch (error) {
        this.#warn(`The outbox cannot be read: ${(error as Error).message}`);
        return; // the sweep looks again
      }
    }
  }

  #begin(key: string, events: WaitingEvent[]): void {
    this.#busy.add(key);
    const chain = this.#sendInOrder(events).finally(() => {
      this.#busy.delete(key);
      this.#chains.delete(chain);
      this.kick(); // more of this record may have come
    });
    this.#chains.add(chain);
  }

  async #sendInOrder(events: WaitingEvent[]): Promise<void> {
    const places: string[] = [];
    for (const event of events) {
      if (!(await this.#untilDone(() => this.#options.send(event), "Events cannot be relayed"))) break;
      places.push(event.place);
    }
    if (places.length > 0) await this.#untilDone(() => this.#forget(places), "Relayed events cannot be taken out of the outbox");
  }

  /** @returns false when the relay was stopped before */
  async #untilDone(work: () => Promise<void>, trouble: string): Promise<boolean> {
    for (let pause = RETRY_MS; !this.#isStopped; pause = Math.min(pause * 2, LONGEST_RETRY_MS)) {
      try {
        await work();
        return true;
      } catch (error) {
        this.#warn(`${trouble}; they stay in the outbox and are tried again: ${(error as Error).message}`);
      }
      await this.#pause(pause * (1 + Math.random() / 2));
    }
    return false;
  }

  /** What is done meanwhile is taken out together. */
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
