/**
 * Events from the stream that must wait, in the store of the service that handles them: its later events of other records are handled meanwhile.
 * Those of the same record wait behind them, in order; a relay tries them again (`events.ts`).
 */
import type { Store } from "../../store/store.ts";
import type { OutboxEvent } from "../../store/writes.ts";

/** Tries of an event before it is put here, about a second with the pauses: most failures are over by then, and each entry takes a commit. */
export const TRIES_BEFORE_LATE = 4;
/** Most events in a store. Beyond it, the stream keeps them, and an event that must wait holds up the later messages of its partition. */
const MAX_LATE = 1_000;
/** More than there can be: nodes that handle a message each at the same time may exceed the limit by one message. */
const MAX_READ = 2 * MAX_LATE;

/** The late events of a service, as they are when a message is handled. No other node handles a message of the same records meanwhile. */
export class LateEvents {
  readonly #store: Store;
  readonly #ids: Set<string>;
  readonly #keys: Set<string>;

  /** @param events all late events of the store */
  constructor(store: Store, events: OutboxEvent[]) {
    this.#store = store;
    this.#ids = new Set(events.map(({ id }) => id));
    this.#keys = new Set(events.map(({ key }) => key));
  }

  /** The late events of a store. */
  static async read(store: Store): Promise<LateEvents> {
    return new LateEvents(store, await store.outbox("late", MAX_READ));
  }

  /** Whether events of this record wait. */
  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** Puts an event behind those of its record. @returns false if there is no room, or the store cannot be written to */
  async add({ id, subject, key, payload }: OutboxEvent): Promise<boolean> {
    if (this.#ids.has(id)) return true; // its message was delivered again
    if (this.#ids.size >= MAX_LATE) return false;
    try {
      await this.#store.write([{ op: "emit", event: { id, subject, key, payload }, queue: "late" }]);
    } catch {
      return false;
    }
    this.#ids.add(id);
    this.#keys.add(key);
    return true;
  }
}
