/** Questions to a file, as plain data: each can be answered in any thread that has the file open. */
import type { Clause, Page, StoreQuery } from "../../fhir/search/query.ts";
import type { JoinKeysPage, JoinKeysQuery } from "../store.ts";
import type { Database } from "./database.ts";
import type { JoinKeys } from "./join-keys.ts";
import type { SqliteSearch } from "./search-statement.ts";
import { counterValue } from "./values.ts";

/** The parameters of `Store.search`, `count`, `joinKeys` and `joinKeysAmong`. */
export type StoreQuestion =
  | { ask: "search"; query: StoreQuery; counters?: [string, string] | undefined }
  | { ask: "count"; type: string; clauses: Clause[] }
  | { ask: "joinKeys"; query: JoinKeysQuery & { limit: number; after?: number; whole?: boolean } }
  | { ask: "joinKeysAmong"; query: JoinKeysQuery & { among: string[] } };

interface Answers {
  search: Page & { counted?: [number, number] };
  count: number;
  joinKeys: JoinKeysPage;
  joinKeysAmong: string[];
}
/** The answer to a question. */
export type StoreAnswer<Of extends StoreQuestion> = Answers[Of["ask"]];

/** What answers questions: the parts of one open file. */
export interface Answering {
  readonly db: Database;
  readonly search: SqliteSearch;
  readonly joinKeys: JoinKeys;
}

/** Answers a question, inside a snapshot and a limit of processor time. @throws QuestionTooCostly */
export function answerTo<Of extends StoreQuestion>(question: Of, from: Answering): StoreAnswer<Of>;
export function answerTo(question: StoreQuestion, { db, search, joinKeys }: Answering): Answers[keyof Answers] {
  switch (question.ask) {
    case "search": {
      const page = search.page(question.query);
      if (!question.counters) return page;
      const [first, second] = question.counters; // read in the page's snapshot
      return { ...page, counted: [counterValue(db, first), counterValue(db, second)] };
    }
    case "count":
      return search.count(question.type, question.clauses);
    case "joinKeys":
      return joinKeys.page(question.query);
    case "joinKeysAmong":
      return joinKeys.among(question.query);
  }
}
