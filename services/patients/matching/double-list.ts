/** The list of probable duplicates: those of the latest records at once, all others as far as the search of the register has come. */
import type { Store } from "../../../store/store.ts";
import { StoreCache } from "../../../store/store-cache.ts";
import type { Double, DoublesState } from "../patients.contract.ts";
import { FoundDoubles, latestDoubles, MAX_FOUND, pageOfDoubles } from "./doubles.ts";
import { DoublesPass } from "./doubles-pass.ts";
import type { MatchingOptions } from "./find-matches.ts";

/** Default number of pairs in a page. */
const PAGE = 50;

/** Answers `patients.listDoubles` and `patients.doublesState`; runs the search of the register. */
export class DoubleList {
  readonly #store: Store;
  readonly #options: MatchingOptions;
  readonly #latest = new StoreCache<Double[]>();
  readonly #found: FoundDoubles;
  readonly #pass: DoublesPass;

  /** @param options.holder name of this node for the lease of the search */
  constructor(options: Omit<MatchingOptions, "store"> & { store: Store; holder: string }) {
    this.#store = options.store;
    this.#options = options;
    this.#found = new FoundDoubles(options.store, options);
    this.#pass = new DoublesPass(options);
  }

  /** Starts the search in the background. */
  start(warn: (sentence: string) => void): void {
    this.#pass.start(warn);
  }

  async stop(): Promise<void> {
    await this.#pass.stop();
  }

  /** `patients.listDoubles` */
  async list({ limit = PAGE, after }: { limit?: number; after?: string }): Promise<Double[]> {
    const latest = await this.#latest.get(this.#store, "", () => latestDoubles(this.#options));
    return pageOfDoubles(this.#found, latest, { limit, after });
  }

  /** `patients.doublesState` */
  async state(): Promise<DoublesState> {
    const [places, { looked }, records] = await Promise.all([
      this.#found.places(),
      this.#pass.progress(),
      this.#store.count("Patient", []),
    ]);
    return { found: places.length, looked, records, isFull: places.length >= MAX_FOUND };
  }
}
