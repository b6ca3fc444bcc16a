/**
 * Searches of owners for what a Subscription's criteria say of other resources. Hundreds of versions may be compared at the same time, and the
 * requests of clients would wait behind the searches of all of them.
 */
import type { QueryContext } from "../../federation/query-context.ts";
import { searchPage } from "../../federation/search-page.ts";
import type { ParsedSearch } from "../../fhir/search/criteria.ts";
import { KeyedQueue } from "../../mesh/keyed-queue.ts";

/** Searches at the same time. */
export const SEARCHES_AT_ONCE = 4;
/** A search that has waited for so long begins beside the others, milliseconds. */
const MAX_WAIT_MS = 10_000;

/** Runs searches, a few at a time. */
export class OwnerSearches {
  readonly #queue = new KeyedQueue();
  #count = 0;

  run<Result>(search: () => Promise<Result>): Promise<Result> {
    this.#count += 1;
    return this.#queue.run([`${this.#count % SEARCHES_AT_ONCE}`], performance.now() + MAX_WAIT_MS, search);
  }

  /** Whether a search finds this resource. @throws what `searchPage` throws */
  async find(mesh: QueryContext, search: ParsedSearch, { type, id }: { type: string; id: string }): Promise<boolean> {
    const only = { ...search, clauses: [{ kind: "id" as const, any: [id] }, ...search.clauses] };
    const { rows } = await this.run(() => searchPage(mesh, { type, search: only, limit: 1, maxBytes: 1, want: "ids" }));
    return rows.length > 0;
  }
}
