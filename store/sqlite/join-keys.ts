/**
 * Join keys: the ids of matches, or what they refer to. They are the ends of chains and of `_has`, so that there may be very many
 * matches, of which neither order nor row is wanted.
 */
import type { Clause } from "../../fhir/search/query.ts";
import type { JoinKeysPage, JoinKeysQuery } from "../store.ts";
import type { PlanChoice } from "./plan-choice.ts";
import { probe } from "./clause-conditions.ts";
import { indexScans } from "./index-scans.ts";
import { and, oneOf, or, q, sql, unionAll } from "./sql-fragments.ts";
import type { Database, Sql } from "./database.ts";
import type { SqliteSearch } from "./search-statement.ts";
import type { Types } from "./types.ts";
import { needsRow, rest } from "./index-walk.ts";

/** Index rows that are counted at most to decide at which end to begin. */
const COUNT_AT_MOST = 20_000;
/** Looking up the first match of a value is this many times cheaper than listing all matches: it ends early and sorts nothing. */
const LISTING_COSTS = 3;

/** `joinKeys`, `joinKeysAmong` and `referredTo` of a store in SQLite. */
export class JoinKeys {
  readonly #db: Database;
  readonly #types: Types;
  readonly #search: SqliteSearch;

  constructor(db: Database, types: Types, search: SqliteSearch) {
    this.#db = db;
    this.#types = types;
    this.#search = search;
  }

  page({ type, clauses, slots, limit, after, whole }: JoinKeysQuery & { limit: number; after?: number; whole?: boolean }): JoinKeysPage {
    const no = this.#types.find(type);
    if (no === undefined) return { values: [] };
    if (after === undefined) {
      const choice = this.#search.chooser.choose(clauses, no, limit);
      if ((choice?.rows ?? this.#living(no)) <= limit) return { values: this.#all(no, clauses, choice, slots) };
    }
    if (whole) return { values: [], next: after ?? 0 };
    const found = this.#search.inOrderOfCreation(no, clauses, after, limit + 1);
    const page = found.slice(0, limit);
    const places = sql("SELECT value AS seq FROM json_each(?)", JSON.stringify(page.map(({ seq }) => seq)));
    const values = slots ? this.#values(referencesOf(places, slots)) : page.map(({ id }) => id);
    const last = found.length > limit ? page.at(-1)?.seq : undefined;
    return { values, ...(last !== undefined && { next: last }) };
  }

  among({ type, clauses, slots, among }: JoinKeysQuery & { among: string[] }): string[] {
    const no = this.#types.find(type);
    if (no === undefined || among.length === 0) return [];
    const wanted = [...new Set(among)];
    return slots ? this.#referencesAmong(no, clauses, slots, wanted) : this.#idsAmong(no, clauses, wanted);
  }

  /** Those of the values that occur in one of the slots, each of which belongs to one type. */
  inSlots(slots: number[], among: string[]): string[] {
    return this.#values(
      q`SELECT j.value AS value FROM json_each(${JSON.stringify(among)}) j WHERE EXISTS (SELECT 1 FROM json_each(${JSON.stringify(slots)}) s
        CROSS JOIN keys k INDEXED BY keys_value ON k.slot = s.value AND k.value = '=' || j.value)`,
    );
  }

  /** Looks up each id and probes the resource. */
  #idsAmong(type: number, clauses: Clause[], ids: string[]): string[] {
    // What has search values is living: then the index of ids suffices, without the row itself.
    const living = clauses.some(isOnValues) ? sql("1") : sql("r.method < 3");
    return this.#values(
      q`SELECT j.value AS value FROM json_each(${JSON.stringify(ids)}) j CROSS JOIN resource r INDEXED BY resource_id
        ON r.type = ${type} AND r.id = j.value WHERE ${living} AND ${and(clauses.map((clause) => probe(clause)))}`,
    );
  }

  /** Begins at the end with fewer rows: the resources that refer to one of the values, or those that match the clauses. */
  #referencesAmong(type: number, clauses: Clause[], slots: number[], values: string[]): string[] {
    const keys = values.map((value) => `=${value}`);
    const { chooser } = this.#search;
    const [referring] = indexScans({ kind: "key", slots, any: keys.map((eq) => ({ eq })) }, type);
    const rows = referring ? chooser.countUpTo(referring, COUNT_AT_MOST) : COUNT_AT_MOST;
    const choice = chooser.choose(clauses, type, Math.ceil(rows / LISTING_COSTS));
    if (choice && choice.rows * LISTING_COSTS < rows) {
      return this.#values(referencesOf(this.#places(type, clauses, choice), slots, oneOf("k.value", keys)));
    }
    const isInRow = clauses.some(needsRow);
    const tests = and(clauses.map((clause) => probe(clause, "k.seq")));
    const some = slots.map((slot) => {
      const row = isInRow ? sql("CROSS JOIN resource r ON r.seq = k.seq") : sql("");
      return q`EXISTS (SELECT 1 FROM keys k INDEXED BY keys_value ${row} WHERE k.slot = ${slot} AND k.value = '=' || j.value AND ${tests})`;
    });
    return this.#values(q`SELECT j.value AS value FROM json_each(${JSON.stringify(values)}) j WHERE ${or(some)}`);
  }

  #all(type: number, clauses: Clause[], choice: PlanChoice | undefined, slots: number[] | undefined): string[] {
    const places = this.#places(type, clauses, choice, slots === undefined);
    return this.#values(slots ? referencesOf(places, slots) : places);
  }

  /** Places of the matches, or their ids. */
  #places(type: number, clauses: Clause[], choice: PlanChoice | undefined, asIds = false): Sql {
    const probes = (choice ? rest(clauses, choice.covers) : clauses).map((clause) => ({ clause, inRow: needsRow(clause) }));
    const column = sql(asIds ? "DISTINCT r.id AS value" : "c.seq AS seq");
    if (choice?.branches.length === 0) return q`SELECT ${column} FROM resource r, (SELECT 1 AS seq) c WHERE 0`;
    const from = choice
      ? unionAll(choice.branches)
      : q`SELECT k.seq AS seq FROM resource k INDEXED BY resource_living WHERE k.type = ${type} AND k.method < 3`;
    const tests = and(probes.map(({ clause }) => probe(clause, "c.seq")));
    if (choice?.fromSlots && !asIds && probes.every(({ inRow }) => !inRow)) return q`SELECT ${column} FROM (${from}) c WHERE ${tests}`;
    return q`SELECT ${column} FROM (${from}) c CROSS JOIN resource r ON r.seq = c.seq WHERE r.type = ${type} AND r.method < 3 AND ${tests}`;
  }

  #living(type: number): number {
    return this.#db.one<{ living: number }>("SELECT living FROM type WHERE no = ?", type).living;
  }

  #values({ text, values }: Sql): string[] {
    return this.#db.all<{ value: string }>(text, ...values).map(({ value }) => value);
  }
}

/** The references of the resources at these places. */
function referencesOf(places: Sql, slots: number[], further: Sql = sql("1")): Sql {
  const inSlots = oneOf("k.slot", slots);
  return q`SELECT DISTINCT substr(k.value, 2) AS value FROM (${places}) t CROSS JOIN keys k INDEXED BY sqlite_autoindex_keys_1
    ON k.seq = t.seq AND ${inSlots} AND k.value >= '=' AND k.value < '>' WHERE ${further}`;
}

/** Whether only a resource with a search value can match. */
const isOnValues = (clause: Clause): boolean =>
  ((clause.kind === "key" || clause.kind === "range") && !clause.not) || (clause.kind === "missing" && !clause.missing);
