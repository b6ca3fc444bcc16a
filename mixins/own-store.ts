/**
 * `Store(…)` → `this.store`: a database of the service's own, opened before the service's own `started` and closed after its `stopped`.
 * No actions are published for it.
 */
import type { Service, ServiceSchema } from "moleculer";
import { readConfig } from "../mesh/config.ts";
import { sample, storeFailures, timed } from "../mesh/metrics.ts";
import { openStore, type StoreConfig } from "../store/open-store.ts";
import { slowSearches } from "../store/sqlite/slow-questions.ts";
import { StoreError, StoreErrorType } from "../store/store-error.ts";
import type { Store as OpenStore, StoreOptions } from "../store/store.ts";

/** Operations of a store that are timed. */
const TIMED = ["read", "search", "write", "prepare", "commit", "putAll"] as const;

/** What the mixin adds to `this`. */
export interface WithStore {
  store: OpenStore;
}

/** Options of the store; its name is the service's. */
export interface StoreMixinOptions extends Omit<StoreOptions, "name" | "emits" | "onEvents" | "onVersions" | "indexVersion"> {
  /** As in `StoreOptions`; a function is called when the store is opened. */
  indexVersion: string | (() => string);
  /** What depends on the service: which changes are events, the callbacks for these and for the others, and how resources are indexed. */
  ofService?(service: Service): Pick<StoreOptions, "emits" | "onEvents" | "onVersions"> & Partial<Pick<StoreOptions, "text" | "functions">>;

  /** Default: the settings of the process (DATA_DIR, MONGO_URL). */
  config?: StoreConfig;
}

/** Operations for which a client waits: their failures are reported to the operator, who does not see the answers. */
const TOLD = ["read", "search", "write", "prepare", "commit", "put", "putAll"] as const;

/** Failures that an operator has to fix. */
const TROUBLES: readonly string[] = [StoreErrorType.unavailable, StoreErrorType.full];

/** The same store, with failures reported in the log (once, then counted) and the metrics. */
function tellingTrouble(store: OpenStore, { name, logger }: Pick<Service, "name" | "logger">): OpenStore {
  const failures = storeFailures.labels(name);
  failures.inc(0); // a rise from a series that begins with 1 would not be seen
  let isClosed = false;
  const close = store.close.bind(store);
  store.close = () => {
    isClosed = true; // failures after closing are not the store's
    return close();
  };
  const tell = (error: unknown) => {
    if (isClosed || !(error instanceof StoreError && TROUBLES.includes(error.type))) return;
    failures.inc();
    logger.error(error.message);
  };
  for (const operation of TOLD) {
    const own = store[operation].bind(store) as (...all: unknown[]) => Promise<unknown>;
    const told = (...all: unknown[]) => {
      const result = own(...all);
      result.catch(tell); // besides the caller's own handling; the caller does not wait for this
      return result;
    };
    Object.assign(store, { [operation]: told });
  }
  return store;
}

/** The start fails with STORE_UNAVAILABLE, and a message that says what to do, when the store cannot be opened. */
export function Store({ config, ofService, indexVersion, ...options }: StoreMixinOptions): Partial<ServiceSchema> {
  const own: Partial<ServiceSchema> & ThisType<Service & Partial<WithStore> & { endSampling?: () => void }> = {
    async started() {
      const version = typeof indexVersion === "string" ? indexVersion : indexVersion();
      const withOwn = { ...options, ...ofService?.(this), indexVersion: version, name: this.name };
      // A process that is all of the system: those of a mesh use all processors anyway.
      const writesInThread = !this.broker.options.transporter;
      const store = await openStore(config ?? readConfig(), withOwn, { writesInThread });
      this.store = timed(this.name, TIMED, tellingTrouble(store, this));
      this.endSampling = sample.commitQueue(() => this.store?.waiting() ?? 0);
      sample.slowSearches(slowSearches); // of the process: the same source for each of its stores
    },

    async stopped() {
      this.endSampling?.();
      await this.store?.close();
    },
  };
  return own;
}
