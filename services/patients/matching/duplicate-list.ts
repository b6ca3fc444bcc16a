/** The list of probable duplicates: those of the latest records at once, all others as far as the search of the register has come. */
import type { Store } from "../../../store/store.ts";
import { StoreCache } from "../../../store/store-cache.ts";
import type { DuplicatePair, DuplicatesState } from "../patients.contract.ts";
import { FoundDuplicates, latestDuplicates, MAX_FOUND, pageOfDuplicates } from "./duplicates.ts";
import { DuplicatesPass } from "./duplicates-pass.ts";
import type { MatchingOptions } from "./find-matches.ts";

/** Default number of pairs in a page. */
const PAGE = 50;

/** Answers `patients.listDuplicates` and `patients.duplicatesState`; runs the search of the register. */
export class DuplicateList {
  readonly #store: Store;
  readonly #options: MatchingOptions;
  readonly #latest = new StoreCache<DuplicatePair[]>();
  readonly #found: FoundDuplicates;
  readonly #pass: DuplicatesPass;

  /** @param options.holder name of this node for the lease of the search */
  constructor(options: Omit<MatchingOptions, "store"> & { store: Store; holder: string }) {
    this.#store = options.store;
    this.#options = options;
    this.#found = new FoundDuplicates(options.store, options);
    this.#pass = new DuplicatesPass(options);
  }

  /** Starts the search in the background. */
  start(warn: (sentence: string) => void): void {
    this.#pass.start(warn);
  }

  async stop(): Promise<void> {
    await this.#pass.stop();
  }

  /** `patients.listDuplicates` */
  async list({ limit = PAGE, after }: { limit?: number; after?: string }): Promise<DuplicatePair[]> {
    const latest = await this.#latest.get(this.#store, "", () => latestDuplicates(this.#options));
    return pageOfDuplicates(this.#found, latest, { limit, after });
  }

  /** `patients.duplicatesState` */
  async state(): Promise<DuplicatesState> {
    const [places, { looked }, records] = await Promise.all([
      this.#found.places(),
      this.#pass.progress(),
      this.#store.count("Patient", []),
    ]);
    return { found: places.length, looked, records, isFull: places.length >= MAX_FOUND };
  }
}
