/**
 * Answers a `StoreQuery`. Selectivity is measured, not guessed: the rows of each clause are counted in its index up to a limit.
 * - If some clause has few rows, they are collected, the other clauses probed, and the matches sorted.
 * - Otherwise there are many matches: rows are read in the wanted order until the page is full.
 * Either way a page starts by key where the last one ended, and costs the same wherever it is.
 */
import type { Clause, Cursor, Page, Row, SortKey, StoreQuery } from "../../fhir/search/query.ts";
import type { StoredMatch } from "../plan-write.ts";
import type { NoneExist } from "../writes.ts";
import { type Axis, axisOf } from "./axis.ts";
import { boundsOf } from "./bounds.ts";
import { PlanChooser } from "./plan-choice.ts";
import { inTime, probe } from "./clause-conditions.ts";
import { and, q, sql, unionAll } from "./sql-fragments.ts";
import type { Database, Sql } from "./database.ts";
import { eqLanes, lanesOf } from "./ordered-keys.ts";
import type { MultiValuedSlots } from "./multi-valued-slots.ts";
import type { Types } from "./types.ts";
import { type After, COLLECT_AT_MOST, DEFAULT_LIMITS, type WalkMatch, probeOf, rest, type SearchLimits, Walker } from "./index-walk.ts";

export type { SearchLimits };

const DEFAULT_MAX_BYTES = 4_000_000;

/** Answers store queries from one file, each in one snapshot. */
export class SqliteSearch {
  readonly #db: Database;
  readonly #types: Types;
  readonly #several: MultiValuedSlots;
  readonly #limits: SearchLimits;
  readonly chooser: PlanChooser;
  readonly #walker: Walker;

  constructor(db: Database, types: Types, several: MultiValuedSlots, limits: SearchLimits = DEFAULT_LIMITS) {
    this.#db = db;
    this.#types = types;
    this.#several = several;
    this.#limits = limits;
    this.chooser = new PlanChooser(db);
    this.#walker = new Walker(db, this.chooser, limits);
  }

  page(query: StoreQuery): Page {
    const type = this.#types.find(query.type);
    if (type === undefined) return { rows: [], more: false };
    const axes = query.sort.map((key) => axisOf(key, type, (slot) => !this.#several.has(slot)));
    const after = query.after && inward(query.after, axes);
    const found = this.#alongBounds(type, query, axes, after) ?? this.#matches(type, query.clauses, axes, after, query.limit + 1);
    const refs = query.refs && this.#references(found.slice(0, query.limit), query.refs);
    const rows: Row[] = [];
    let bytes = 0;
    let isFull = false;
    for (const match of found.slice(0, query.limit)) {
      const row = this.#row(isFull ? { ...query, want: "ids" } : query, axes, match);
      if (refs) row.refs = refs.get(match.seq) ?? [];
      bytes += row.json === undefined ? 0 : Buffer.byteLength(row.json);
      if (rows.length > 0 && bytes > (query.maxBytes ?? DEFAULT_MAX_BYTES)) break;
      if (rows.length > 0 && !isFull && bytes > (query.jsonBytes ?? bytes)) {
        isFull = true;
        delete row.json;
      }
      rows.push(row);
    }
    return { rows, more: found.length > rows.length };
  }

  count(typeName: string, clauses: Clause[]): number {
    const type = this.#types.find(typeName);
    if (type === undefined) return 0;
    if (clauses.length === 0) return this.#number(q`SELECT living AS n FROM type WHERE no = ${type}`);
    const best = this.chooser.choose(clauses, type, COLLECT_AT_MOST);
    if (!best) {
      const probes = and(clauses.map((clause) => probe(clause)));
      return this.#number(
        q`SELECT count(*) AS n FROM resource r INDEXED BY resource_living WHERE r.type = ${type} AND r.method < 3 AND ${sql(inTime("r.seq"))} AND ${probes}`,
      );
    }
    if (best.branches.length === 0) return 0;
    const [only] = clauses;
    if (clauses.length === 1 && only === best.covers && (only?.kind === "key" || only?.kind === "range")) {
      return this.#number(q`SELECT count(DISTINCT seq) AS n FROM (${unionAll(best.branches)}) WHERE ${sql(inTime("seq"))}`);
    }
    const probes = and(rest(clauses, best.covers).map((clause) => probe(clause, "c.seq")));
    return this.#number(
      q`SELECT count(*) AS n FROM (SELECT DISTINCT seq FROM (${unionAll(best.branches)}) WHERE ${sql(inTime("seq"))}) c
        CROSS JOIN resource r ON r.seq = c.seq WHERE r.type = ${type} AND r.method < 3 AND ${probes}`,
    );
  }

  /** The matches of a condition, for conditional creates. */
  find(typeName: string, condition: NoneExist, limit: number): StoredMatch[] {
    const type = this.#types.find(typeName);
    if (type === undefined) return [];
    return this.#matches(type, condition.clauses, [], undefined, limit).map(({ seq, id, version, updated }) => ({
      id,
      version,
      updated,
      json: this.#json(seq),
    }));
  }

  /** The next matches in order of creation, after the place `after`. */
  inOrderOfCreation(type: number, clauses: Clause[], after: number | undefined, need: number): WalkMatch[] {
    return this.#matches(type, clauses, [], after === undefined ? undefined : { values: [], seq: after + 1, id: "" }, need);
  }

  #row(query: StoreQuery, axes: Axis[], match: WalkMatch): Row {
    const { seq, id, version, updated } = match;
    const row: Row = {
      type: query.type,
      id,
      version,
      updated,
      seq,
      values: match.values.map((value, i) => (axes[i] as Axis).outward(value)),
    };
    if (query.want === "rows") row.json = this.#json(seq);
    return row;
  }

  /** The references of the matches, in one statement, since a chain may ask for thousands. */
  #references(matches: WalkMatch[], slots: number[]): Map<number, [slot: number, value: string][]> {
    const found = new Map<number, [slot: number, value: string][]>();
    const places = JSON.stringify(matches.map(({ seq }) => seq));
    for (const slot of slots) {
      const rows = this.#db.all<{ seq: number; value: string }>(
        `SELECT k.seq, k.value FROM json_each(?) j CROSS JOIN keys k INDEXED BY sqlite_autoindex_keys_1
         ON k.seq = j.value AND k.slot = ? AND k.value >= '=' AND k.value < '>'`,
        places,
        slot,
      );
      for (const { seq, value } of rows) {
        const own = found.get(seq);
        const row: [number, string] = [slot, value.slice(1)];
        if (own) own.push(row);
        else found.set(seq, [row]);
      }
    }
    return found;
  }

  #json(seq: number): string {
    return this.#db.one<{ json: string }>("SELECT json FROM resource WHERE seq = ?", seq).json;
  }

  /**
   * Where clauses bound the very values that the search is sorted by, the matches are read between the bounds, without counting
   * them: without other clauses the page is full after as many rows as it has. Undefined: another way is better, or the only one.
   */
  #alongBounds(type: number, { clauses, sort, limit }: StoreQuery, axes: Axis[], after: After | undefined): WalkMatch[] | undefined {
    const [axis, ...minor] = axes;
    const found = axis?.isSingle ? boundsOf(sort[0] as SortKey, clauses) : undefined;
    if (!axis || !found) return undefined;
    const others = clauses.filter((clause) => !found.clauses.includes(clause));
    const best = others.length > 0 ? this.chooser.choose(others, type, this.#limits.few) : undefined;
    if (best && best.rows <= this.#limits.few) return undefined;
    const question = { type, clauses, axes: [{ ...axis, bounds: found.bounds }, ...minor], lanes: eqLanes(this.#db, others).lanes };
    return this.#walker.inOrder({
      question,
      axes: question.axes,
      probes: clauses.map(probeOf),
      fixed: [],
      need: limit + 1,
      ...(after && { after }),
    });
  }

  #matches(type: number, clauses: Clause[], axes: Axis[], after: After | undefined, need: number): WalkMatch[] {
    const [only, ...others] = clauses;
    if (only && others.length === 0 && axes.length === 0 && isEquality(only)) {
      // However many rows there are, they are in the wanted order: there is nothing to choose.
      const lanes = lanesOf(this.#db, only);
      if (lanes.length > 0) return this.#walker.inOrderOfCreation(type, lanes, { probes: [], fixed: [], need, ...(after && { after }) });
    }
    const best = this.chooser.choose(clauses, type, this.#limits.few);
    const isFew = best !== undefined && best.rows <= this.#limits.few;
    if (isFew && best.covers && axes.length === 0 && isEquality(best.covers)) {
      // The rows are in the wanted order already, so that the walk ends with the page.
      const lanes = lanesOf(this.#db, best.covers);
      const wanted = { probes: rest(clauses, best.covers).map(probeOf), fixed: [], need, ...(after && { after }) };
      if (lanes.length > 0) return this.#walker.inOrderOfCreation(type, lanes, wanted);
    }
    if (isFew) return this.#walker.collectChoice({ type, clauses, axes, lanes: [] }, best, after, need);
    const { lanes, covers } = eqLanes(this.#db, clauses);
    // In order of creation the lanes answer their clause; in any other order they are not what is read.
    const probes = (axes.length === 0 ? rest(clauses, covers) : clauses).map(probeOf);
    return this.#walker.inOrder({ question: { type, clauses, axes, lanes }, axes, probes, fixed: [], need, ...(after && { after }) });
  }

  #number({ text, values }: Sql): number {
    return this.#db.one<{ n: number }>(text, ...values).n;
  }
}

const inward = ({ values, seq, id }: Cursor, axes: Axis[]): After => ({
  values: axes.map((axis, i) => axis.inward(values[i] ?? null)),
  seq,
  id,
});

const isEquality = (clause: Clause): boolean => clause.kind === "key" && clause.any.every((match) => "eq" in match);
