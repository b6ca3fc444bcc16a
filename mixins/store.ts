/**
 * Gives a service a database of its own, as `this.store`: open before the service's own `started`, closed after its `stopped`.
 * It is moleculer-db's mixin without its actions, which would let any caller pass a raw query.
 */
import type { Service, ServiceSchema } from "moleculer";
import DbService from "moleculer-db";
import { readConfig } from "../mesh/config.ts";
import type { StoreAdapter, StoreConfig } from "../store/adapter.ts";
import { adapterFor } from "../store/choose-adapter.ts";
import type { Store as OpenStore, StoreOptions } from "../store/store.ts";

/** What the mixin puts on `this`. */
export interface WithStore {
  store: OpenStore;
}

export interface StoreMixinOptions extends Omit<StoreOptions, "name"> {
  /** Default: the process's settings (DATA_DIR, MONGO_URL). */
  config?: StoreConfig;
}

type This = Service & WithStore & { adapter: StoreAdapter | undefined; connect(): Promise<void>; disconnect(): Promise<void> };

/**
 * `started` fails with STORE_UNAVAILABLE, and a sentence that says what to do, when the store cannot be opened.
 * moleculer-db would try again for ever, and a start that hangs tells nobody why.
 */
export function Store({ config, ...options }: StoreMixinOptions): Partial<ServiceSchema> {
  const { methods, settings } = DbService as unknown as ServiceSchema;
  const own: Partial<ServiceSchema> & ThisType<This> = {
    settings,
    methods,

    async started() {
      const adapter = await adapterFor(config ?? readConfig(), { ...options, name: this.name });
      adapter.init(this.broker, this);
      this.adapter = adapter;
      await this.connect();
      this.store = adapter.openWard as OpenStore;
    },

    async stopped() {
      if (this.adapter) await this.disconnect();
    },
  };
  return own;
}
