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
  readonly #emitted: ReadonlySet<string>;
  readonly #timer: NodeJS.Timeout;
  /** Types that are emitted as events: the service's own, and the watched ones. */
  emitted: ReadonlySet<string>;

  /** @param emitted types that are emitted in any case */
  constructor(store: Store, emitted: readonly string[]) {
    this.#store = store;
    this.#emitted = new Set(emitted);
    this.emitted = this.#emitted;
    this.#timer = setInterval(() => void this.look().catch(() => {}), LOOK_MS).unref(); // the store may be briefly unavailable
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
    this.emitted = found.length === 0 ? this.#emitted : new Set([...this.#emitted, ...found.map(({ key }) => key.split("/")[1] ?? "")]);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
