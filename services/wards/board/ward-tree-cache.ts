/** Caches the tree of wards until some Location changes; the store's mark also changes by other writes. */
import type { Location, Stored } from "../../../fhir/r4.ts";
import { parseJson } from "../../../fhir/json.ts";
import type { StoreQuery } from "../../../fhir/search/query.ts";
import type { Store } from "../../../store/store.ts";
import { type WardPlace, wardTreeOf } from "./ward-tree.ts";

const PAGE = 1_000;
/** Locations that are read for the tree, the oldest: a large hospital has a few thousand. */
export const MAX_LOCATIONS = 50_000;

/** Returns the last tree while no Location has changed. */
export class WardTreeCache {
  #mark: string | undefined;
  #versions = "";
  #tree: WardPlace[] = [];

  /** The present tree. */
  async get(store: Store): Promise<WardPlace[]> {
    const mark = store.changes();
    if (mark !== undefined && mark === this.#mark) return this.#tree;
    const versions: string[] = [];
    for await (const { id, version } of rowsOf(store, "ids")) versions.push(`${id}/${version}`);
    const names = versions.join(" ");
    if (names !== this.#versions || versions.length === 0) {
      const locations: Stored<Location>[] = [];
      for await (const { json } of rowsOf(store, "rows")) locations.push(parseJson(json ?? "{}") as Stored<Location>);
      this.#tree = wardTreeOf(locations);
      this.#versions = names;
    }
    this.#mark = store.changes() === mark ? mark : undefined;
    return this.#tree;
  }
}

async function* rowsOf(store: Store, want: StoreQuery["want"]) {
  let seen = 0;
  for (let after: StoreQuery["after"]; seen < MAX_LOCATIONS; ) {
    const query: StoreQuery = { type: "Location", clauses: [], sort: [], limit: PAGE, want, ...(after && { after }) };
    const { rows, more } = await store.search(query);
    yield* rows;
    seen += rows.length;
    const last = rows.at(-1);
    if (!more || !last) return;
    after = { values: [], seq: last.seq, id: last.id };
  }
}
