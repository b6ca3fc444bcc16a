/**
 * `Store(…)` → `this.store`: a database of the service's own, open before the service's own `started` and closed after its `stopped`.
 * Nothing of it is published.
 */
import type { Service, ServiceSchema } from "moleculer";
import { readConfig } from "../mesh/config.ts";
import { sample, storeFailures, timed } from "../mesh/metrics.ts";
import { openStore, type StoreConfig } from "../store/open-store.ts";
import { StoreError, StoreErrorType } from "../store/store-error.ts";
import type { Store as OpenStore, StoreOptions } from "../store/store.ts";

/** Operations of a store that are measured. */
const TIMED = ["read", "search", "write", "prepare", "commit", "putAll"] as const;

/** What the mixin puts on `this`. */
export interface WithStore {
  store: OpenStore;
}

/** How the store is kept; its name is the service's. */
export interface StoreMixinOptions extends Omit<StoreOptions, "name" | "emits" | "onEvents" | "onVersions" | "indexVersion"> {
  /** As of `StoreOptions`; a function is asked when the store is opened. */
  indexVersion: string | (() => string);
  /** Which changes of a service are events, and what is called with these and with the others. */
  events?(service: Service): Pick<StoreOptions, "emits" | "onEvents" | "onVersions">;

  /** Default: the process's settings (DATA_DIR, MONGO_URL). */
  config?: StoreConfig;
}

/** Work for which a client waits: what it meets is said to the operator, who sees no answers. */
const TOLD = ["read", "search", "write", "prepare", "commit", "put", "putAll"] as const;

/** What an operator has to mend. */
const TROUBLES: readonly string[] = [StoreErrorType.unavailable, StoreErrorType.full];

/** The same store; what keeps it from working is in the log (once, then counted) and among the metrics. */
function tellingTrouble(store: OpenStore, { name, logger }: Pick<Service, "name" | "logger">): OpenStore {
  let isClosed = false;
  const close = store.close.bind(store);
  store.close = () => {
    isClosed = true; // what comes late is no trouble of the store's
    return close();
  };
  const tell = (error: unknown) => {
    if (isClosed || !(error instanceof StoreError && TROUBLES.includes(error.type))) return;
    storeFailures.labels(name).inc();
    logger.error(error.message);
  };
  for (const operation of TOLD) {
    const own = store[operation].bind(store) as (...all: unknown[]) => Promise<unknown>;
    const told = (...all: unknown[]) => {
      const result = own(...all);
      result.catch(tell); // beside the caller, who does not wait for it
      return result;
    };
    Object.assign(store, { [operation]: told });
  }
  return store;
}

/** The start fails with STORE_UNAVAILABLE, and a sentence that says what to do, when the store cannot be opened. */
export function Store({ config, events, indexVersion, ...options }: StoreMixinOptions): Partial<ServiceSchema> {
  const own: Partial<ServiceSchema> & ThisType<Service & Partial<WithStore> & { endSampling?: () => void }> = {
    async started() {
      const version = typeof indexVersion === "string" ? indexVersion : indexVersion();
      const store = await openStore(config ?? readConfig(), { ...options, ...events?.(this), indexVersion: version, name: this.name });
      this.store = timed(this.name, TIMED, tellingTrouble(store, this));
      this.endSampling = sample.commitQueue(() => this.store?.waiting() ?? 0);
    },

    async stopped() {
      this.endSampling?.();
      await this.store?.close();
    },
  };
  return own;
}
