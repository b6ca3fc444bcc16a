/**
 * The armed subscriptions, for which matches are looked for, as each node of the service knows them: in the store, read again every `LOOK_MS`. A
 * subscription is armed some time before it becomes active, so that no later write is missed.
 */
import type { ParsedSearch } from "../../fhir/search/criteria.ts";
import type { Store } from "../../store/store.ts";

const PREFIX = "armed/";
const LOOK_MS = 1_000;
/** Subscriptions that may be armed at once: each version of a resource is compared with those of its type. */
export const MAX_ARMED = 1_000;
/** How many more are read: several nodes may arm one at the same moment, and none that is active may be missed. */
const ROOM = 100;

/** An armed subscription as it is stored. */
export interface Armed {
  id: string;
  type: string;
  pairs: [name: string, value: string][];
  /** Fingerprint of what its handshake was made for. */
  fingerprint: string;
}

/** An armed subscription with its parsed criteria. */
export interface ArmedListener extends Armed {
  search: ParsedSearch;
}

/** All armed subscriptions, as this node knows them. */
export class ArmedSubscriptions {
  readonly #store: Store;
  readonly #understand: (armed: Armed) => ParsedSearch;
  readonly #timer: NodeJS.Timeout;
  #known = new Map<string, { text: string; listener: ArmedListener }>();
  #arming: Promise<void> = Promise.resolve();

  constructor(store: Store, understand: (armed: Armed) => ParsedSearch) {
    this.#store = store;
    this.#understand = understand;
    this.#timer = setInterval(() => void this.look().catch(() => {}), LOOK_MS).unref(); // the store may be unavailable for a moment
  }

  get types(): string[] {
    return [...new Set([...this.#known.values()].map(({ listener }) => listener.type))];
  }

  of(type: string): ArmedListener[] {
    return [...this.#known.values()].flatMap(({ listener }) => (listener.type === type ? [listener] : []));
  }

  get(id: string): ArmedListener | undefined {
    return this.#known.get(id)?.listener;
  }

  /** Arms one at a time. @throws Error with a sentence for the client if there are too many */
  arm(armed: Armed): Promise<void> {
    const done = this.#arming.then(() => this.#armNow(armed));
    this.#arming = done.catch(() => {});
    return done;
  }

  async #armNow(armed: Armed): Promise<void> {
    await this.look();
    const isKnown = this.#known.has(armed.id);
    if (this.#known.size >= MAX_ARMED && !isKnown) throw tooMany();
    await this.#store.remove(PREFIX + armed.id);
    await this.#store.put(PREFIX + armed.id, JSON.stringify(armed));
    await this.look();
    if (this.#known.size <= MAX_ARMED || isKnown) return;
    // Another node has armed one at the same moment.
    await this.disarm(armed.id);
    throw tooMany();
  }

  async disarm(id: string): Promise<void> {
    await this.#store.remove(PREFIX + id);
    await this.look();
  }

  async look(): Promise<void> {
    const known = new Map<string, { text: string; listener: ArmedListener }>();
    for (const { key, value: text } of await this.#store.entries(PREFIX, MAX_ARMED + ROOM)) {
      const id = key.slice(PREFIX.length);
      const before = this.#known.get(id);
      known.set(id, before?.text === text ? before : { text, listener: this.#listener(JSON.parse(text) as Armed) });
    }
    this.#known = known;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #listener(armed: Armed): ArmedListener {
    return { ...armed, search: this.#understand(armed) };
  }
}

const tooMany = () => new Error(`There are ${MAX_ARMED} subscriptions already: end one of them first.`);
