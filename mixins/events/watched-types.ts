/**
 * Types whose versions are emitted as events because another service has asked for them at run time (a FHIR Subscription). Stored in the
 * owner's store; each node of the owner reads them again every `LOOK_MS`, so that all know of them within WATCHED_WITHIN_MS.
 */
import type { Store } from "../../store/store.ts";

const PREFIX = "watch/";
const LOOK_MS = 1_000;
/** Limit of subscribing services times types; more indicates a fault. */
const MAX_WATCHED = 10_000;

/** The watched types of one owner, as known to one node. */
export class WatchedTypes {
  readonly #store: Store;
  readonly #timer: NodeJS.Timeout;
  #types = new Set<string>();

  constructor(store: Store) {
    this.#store = store;
    this.#timer = setInterval(() => void this.look().catch(() => {}), LOOK_MS).unref(); // the store may be briefly unavailable
  }

  has(type: string): boolean {
    return this.#types.has(type);
  }

  async watch(type: string, by: string): Promise<void> {
    await this.#store.put(`${PREFIX}${type}/${by}`, "");
    await this.look();
  }

  async unwatch(type: string, by: string): Promise<void> {
    await this.#store.remove(`${PREFIX}${type}/${by}`);
    await this.look();
  }

  async look(): Promise<void> {
    const found = await this.#store.entries(PREFIX, MAX_WATCHED);
    this.#types = new Set(found.map(({ key }) => key.split("/")[1] ?? ""));
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
