/** Searches of a MongoDB store. */
import type { Clause, KeyRow, Page, StoreQuery } from "../../fhir/search/query.ts";
import type { JoinKeysPage, JoinKeysQuery, Store } from "../store.ts";
import type { Budget } from "../too-costly.ts";
import { spending } from "./bounded.ts";
import { distinctValues } from "./distinct.ts";
import { inSlots, joinKeysAmong, joinKeysPage } from "./join-keys.ts";
import type { OpenDatabase } from "./open-database.ts";
import { counterValue } from "./values.ts";

type Searches = "search" | "count" | "distinct" | "joinKeys" | "joinKeysAmong" | "referredTo" | "holders" | "heldKeys";

/** The operations that search by content. */
export const searchesOf = (database: OpenDatabase): Pick<Store, Searches> => ({
  async search(query: StoreQuery, budget?: Budget, counters?: [string, string]): Promise<Page & { counted?: [number, number] }> {
    const value = (name: string) => database.run(() => counterValue(database.collections, name));
    const first = counters && (await value(counters[0]));
    const page = await database.run(() => spending(budget, (bounds) => database.search.page(query, bounds)));
    return first === undefined || !counters ? page : { ...page, counted: [first, await value(counters[1])] };
  },

  count(type: string, clauses: Clause[], budget?: Budget): Promise<number> {
    return database.run(() => spending(budget, (bounds) => database.search.count(type, clauses, bounds)));
  },

  distinct(slots: number[], limit: number): Promise<KeyRow[]> {
    return database.run(() => distinctValues(database.collections, slots, limit));
  },

  joinKeys(query: JoinKeysQuery & { limit: number; after?: number; whole?: boolean }, budget?: Budget): Promise<JoinKeysPage> {
    return database.run(() => spending(budget, (bounds) => joinKeysPage(database.collections, database.search.answerable(query), bounds)));
  },

  joinKeysAmong(query: JoinKeysQuery & { among: string[] }, budget?: Budget): Promise<string[]> {
    return database.run(() => spending(budget, (bounds) => joinKeysAmong(database.collections, database.search.answerable(query), bounds)));
  },

  referredTo(by: readonly { slots: number[] }[], among: string[]): Promise<string[]> {
    const slots = by.flatMap((one) => one.slots);
    return database.run(() => inSlots(database.collections, slots, among));
  },

  holders(keys: string[]): Promise<(string | undefined)[]> {
    return database.run(async () => {
      const all = await database.collections.held.find({ _id: { $in: keys }, isClaim: { $exists: false } }).toArray();
      const found = new Map(all.map(({ _id, ref }) => [_id, ref]));
      return keys.map((key) => found.get(key));
    });
  },

  heldKeys(limit: number, after = ""): Promise<{ key: string; holder: string }[]> {
    return database.run(async () => {
      const { held } = database.collections;
      const some = await held
        .find({ _id: { $gt: after }, isClaim: { $exists: false } })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray();
      return some.map(({ _id, ref }) => ({ key: _id, holder: ref }));
    });
  },
});
