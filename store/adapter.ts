/**
 * The store as a moleculer-db adapter. `openWard` is what the adapters add to moleculer-db's interface: compare-and-set, keyset
 * pages, unique keys, prepared writes. Services use it as `this.store`; a call to it passes through nothing of moleculer-db.
 */
import type { Service, ServiceBroker } from "moleculer";
import type { Config } from "../mesh/config.ts";
import type { Store } from "./store.ts";

/** Where the stores of this machine are. */
export type StoreConfig = Pick<Config, "dataDir" | "mongoUrl" | "natsUrl">;

/** The part of moleculer-db's adapter interface that opens and closes. */
export interface StoreAdapter {
  init(broker: ServiceBroker, service: Service): void;
  /** @throws StoreError STORE_UNAVAILABLE with the reason as its message */
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** Open between `connect` and `disconnect`. */
  openWard: Store | undefined;
}
