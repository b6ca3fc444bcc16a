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

/** One that waits to be armed. */
interface Waiting {
  armed: Armed;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** All armed subscriptions, as this node knows them. */
export class ArmedSubscriptions {
  readonly #store: Store;
  readonly #understand: (armed: Armed) => ParsedSearch;
  readonly #timer: NodeJS.Timeout;
  #known = new Map<string, { text: string; listener: ArmedListener }>();
  readonly #waiting: Waiting[] = [];
  #isArming = false;
  #reading: Promise<void> = Promise.resolve();
  /** The reading that begins after the present one. */
  #next: Promise<void> | undefined;

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

  /** Arms it together with those that wait at the same moment: each of them alone would read all. @throws Error with a sentence for the client if there are too many */
  arm(armed: Armed): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ armed, resolve, reject });
      if (!this.#isArming) void this.#armWaiting();
    });
  }

  async #armWaiting(): Promise<void> {
    this.#isArming = true;
    while (this.#waiting.length > 0) {
      const some = this.#waiting.splice(0);
      await this.#armNow(some).catch((error: unknown) => {
        for (const { reject } of some) reject(error);
      });
    }
    this.#isArming = false;
  }

  async #armNow(some: Waiting[]): Promise<void> {
    await this.look();
    const added: Waiting[] = [];
    const again: Waiting[] = [];
    for (const one of some) {
      if (this.#known.has(one.armed.id)) again.push(one);
      else if (this.#known.size + added.length < MAX_ARMED) added.push(one);
      else one.reject(tooMany());
    }
    await Promise.all([...again, ...added].map(({ armed }) => this.#keep(armed)));
    await this.look();
    for (const { resolve } of again) resolve();
    // Other nodes may have armed some at the same moment.
    const tooManyOf = added.splice(0, Math.max(0, this.#known.size - MAX_ARMED));
    for (const { resolve } of added) resolve();
    for (const { armed, reject } of tooManyOf) await this.disarm(armed.id).then(() => reject(tooMany()));
  }

  async #keep(armed: Armed): Promise<void> {
    await this.#store.remove(PREFIX + armed.id);
    await this.#store.put(PREFIX + armed.id, JSON.stringify(armed));
  }

  async disarm(id: string): Promise<void> {
    await this.#store.remove(PREFIX + id);
    await this.look();
  }

  /** Reads all of them. All who ask while they are being read share the next reading, which sees what was stored before they asked. */
  look(): Promise<void> {
    this.#next ??= this.#reading
      .catch(() => {}) // those who asked for it know
      .then(() => {
        this.#next = undefined;
        this.#reading = this.#readAll();
        return this.#reading;
      });
    return this.#next;
  }

  async #readAll(): Promise<void> {
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
