/** The tree of wards, made again only when some Location has changed: a store changes also by what else is written into it. */
import type { Location, Stored } from "../../../fhir/r4.ts";
import { parseJson } from "../../../fhir/json.ts";
import type { StoreQuery } from "../../../fhir/search/query.ts";
import type { Store } from "../../../store/store.ts";
import { type HouseWard, houseOf } from "./house.ts";

const PAGE = 1_000;
/** Locations that are looked through for beds, the oldest: a large hospital has some thousand. */
export const MAX_LOCATIONS = 50_000;

/** Answers with the tree as it was last made, as long as no Location has changed. */
export class HouseCache {
  #mark: string | undefined;
  #versions = "";
  #house: HouseWard[] = [];

  /** The tree as it is now. */
  async get(store: Store): Promise<HouseWard[]> {
    const mark = store.changes();
    if (mark !== undefined && mark === this.#mark) return this.#house;
    const versions: string[] = [];
    for await (const { id, version } of rowsOf(store, "ids")) versions.push(`${id}/${version}`);
    const names = versions.join(" ");
    if (names !== this.#versions || versions.length === 0) {
      const locations: Stored<Location>[] = [];
      for await (const { json } of rowsOf(store, "rows")) locations.push(parseJson(json ?? "{}") as Stored<Location>);
      this.#house = houseOf(locations);
      this.#versions = names;
    }
    this.#mark = store.changes() === mark ? mark : undefined;
    return this.#house;
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
