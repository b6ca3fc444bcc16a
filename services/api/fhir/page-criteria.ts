/** Criteria that are too long for a page link, in a small store of the gateway: under DATA_DIR, or in MongoDB. */
import { openStore, type StoreConfig } from "../../../store/open-store.ts";
import type { Store } from "../../../store/store.ts";
import type { KeptCriteria } from "./page-token.ts";

/** Limit of what this process keeps; beyond it the oldest are dropped, and their links have expired. Characters. */
const MAX_KEPT = 64 * 1024 * 1024;
const PREFIX = "page/";

/** The store is opened for the first long criteria: few gateways ever get any. */
export class PageCriteria implements KeptCriteria {
  readonly #config: StoreConfig;
  readonly #maxKept: number;
  /** By key, oldest first. */
  readonly #kept = new Map<string, number>();
  #characters = 0;
  #opening: Promise<Store> | undefined;

  constructor(config: StoreConfig, maxKept = MAX_KEPT) {
    this.#config = config;
    this.#maxKept = maxKept;
  }

  async put(name: string, value: string, expiresAt: number): Promise<void> {
    const key = PREFIX + name;
    if (this.#kept.has(key)) return;
    const store = await this.#open();
    await store.put(key, value, expiresAt);
    if (this.#kept.has(key)) return;
    this.#kept.set(key, value.length);
    this.#characters += value.length;
    while (this.#characters > this.#maxKept && this.#kept.size > 1) {
      const [oldest, length] = this.#kept.entries().next().value as [string, number];
      this.#kept.delete(oldest);
      this.#characters -= length;
      await store.remove(oldest);
    }
  }

  async get(name: string): Promise<string | undefined> {
    return (await this.#open()).get(PREFIX + name);
  }

  async close(): Promise<void> {
    const store = await this.#opening?.catch(() => undefined);
    await store?.close();
  }

  #open(): Promise<Store> {
    this.#opening ??= openStore(this.#config, { name: "api", indexVersion: "none", reindex: () => ({ keys: [], ranges: [] }) }).catch(
      (error: unknown) => {
        this.#opening = undefined; // the next call tries again
        throw error;
      },
    );
    return this.#opening;
  }
}
