/** Searches of a SQLite store, and their query plans. */
import type { Clause, KeyRow, Page, StoreQuery } from "../../fhir/search/query.ts";
import type { JoinKeysPage, JoinKeysQuery, Store } from "../store.ts";
import { type Budget, QUESTION_MS } from "../too-costly.ts";
import { distinctValues } from "./distinct.ts";
import { heldAfter, holdersOf } from "./values.ts";
import type { OpenFile } from "./open-file.ts";

/** A store that can show its query plans. */
export interface SqliteStore extends Store {
  /** SQLite's plan of every statement that answers the query, one line per step: `statement: step`. */
  explainSearch(query: StoreQuery): string[];
  /** The same for two pages of `joinKeys`, and for `joinKeysAmong`. */
  explainLinks(query: JoinKeysQuery & { among: string[] }, limit: number): string[];
}

type Searches =
  | "search"
  | "count"
  | "distinct"
  | "joinKeys"
  | "joinKeysAmong"
  | "referredTo"
  | "holders"
  | "heldKeys"
  | "explainSearch"
  | "explainLinks";

/** The operations that search by content. */
export const searchesOf = (file: OpenFile): Pick<SqliteStore, Searches> => ({
  search(query: StoreQuery, budget?: Budget, counters?: [string, string]): Promise<Page & { counted?: [number, number] }> {
    return file.asked({ ask: "search", query, counters }, budget);
  },

  count(type: string, clauses: Clause[], budget?: Budget): Promise<number> {
    return file.asked({ ask: "count", type, clauses }, budget);
  },

  distinct(slots: number[], limit: number): Promise<KeyRow[]> {
    return file.reading(() => file.db.snapshot(() => distinctValues(file.db, slots, limit)));
  },

  joinKeys(query: JoinKeysQuery & { limit: number; after?: number; whole?: boolean }, budget?: Budget): Promise<JoinKeysPage> {
    return file.asked({ ask: "joinKeys", query }, budget);
  },

  joinKeysAmong(query: JoinKeysQuery & { among: string[] }, budget?: Budget): Promise<string[]> {
    return file.asked({ ask: "joinKeysAmong", query }, budget);
  },

  explainSearch(query: StoreQuery): string[] {
    return explained(file, () => {
      file.search.page(query);
      file.search.count(query.type, query.clauses);
    });
  },

  explainLinks(query: JoinKeysQuery & { among: string[] }, limit: number): string[] {
    return explained(file, () => {
      const { next } = file.joinKeys.page({ ...query, limit });
      if (next !== undefined) file.joinKeys.page({ ...query, limit, after: next });
      file.joinKeys.among(query);
    });
  },

  referredTo(by: readonly { type: string; slots: number[] }[], among: string[]): Promise<string[]> {
    return file.reading(() => {
      // Most files have never held most of R4's types.
      const slots = file.types.held(by).flatMap((one) => one.slots);
      return slots.length === 0 ? [] : file.db.within(() => file.joinKeys.inSlots(slots, among), QUESTION_MS); // one statement is one snapshot
    });
  },

  holders(keys: string[]): Promise<(string | undefined)[]> {
    return file.reading(() => holdersOf(file.db, keys));
  },

  heldKeys(limit: number, after?: string): Promise<{ key: string; holder: string }[]> {
    return file.reading(() => heldAfter(file.db, { limit, after }));
  },
});

/** The plans of the statements that `work` runs. */
function explained({ db }: OpenFile, work: () => void): string[] {
  const statements = new Set<string>();
  db.onStatement = (text) => statements.add(text);
  try {
    work();
  } finally {
    db.onStatement = undefined;
  }
  return [...statements].flatMap((text) => db.explain(text).map((line) => `${text}: ${line}`));
}
