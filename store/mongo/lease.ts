/** The right to do what only one process may do at a time. After its holder's death another process gets it soon. */
import { randomUUID } from "node:crypto";
import { type Collection, MongoServerError } from "mongodb";
import { meshTime } from "../../mesh/mesh-time.ts";
import type { MapDocument } from "./schema.ts";

/** Duration of a lease that is not renewed, milliseconds. */
const LEASE_MS = 5_000;
const RENEW_MS = 1_500;
const DUPLICATE_KEY = 11_000;

/** One lease, by its name in the map. */
export class Lease {
  readonly #map: Collection<MapDocument>;
  readonly #name: string;
  /** Distinguishes this holder from one that took the lease after it had expired. */
  readonly #holder = randomUUID();
  #renewal: NodeJS.Timeout | undefined;

  constructor(map: Collection<MapDocument>, name: string) {
    this.#map = map;
    this.#name = name;
  }

  /** True if this process has the lease now; it is renewed until it is given back. False while another process has it. */
  async take(): Promise<boolean> {
    const free = { _id: this.#name, expires: { $lt: new Date(meshTime.now()) } };
    try {
      await this.#map.updateOne(free, { $set: { value: this.#holder, expires: this.#end() } }, { upsert: true });
    } catch (error) {
      if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return false;
      throw error;
    }
    const renew = () => void this.#map.updateOne(this.#own, { $set: { expires: this.#end() } }).catch(() => {});
    this.#renewal = setInterval(renew, RENEW_MS).unref();
    return true;
  }

  async give(): Promise<void> {
    clearInterval(this.#renewal);
    await this.#map.deleteOne(this.#own);
  }

  get #own() {
    return { _id: this.#name, value: this.#holder };
  }

  #end(): Date {
    return new Date(meshTime.now() + LEASE_MS);
  }
}
