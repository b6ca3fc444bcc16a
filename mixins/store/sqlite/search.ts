/**
 * Answers a `StoreQuery`. What is selective is measured, not guessed: each clause is counted in its index up to a limit.
 * - Some clause has few rows: they are collected, the other clauses probed, the rest sorted.
 * - No clause has: the answer is dense, so the rows are walked in the wanted order until the page is full.
 * Either way a page starts where the last one ended, by key, and costs the same wherever it is.
 */
import type { Clause, Cursor, Page, Row, StoreQuery } from "../../../fhir/search/query.ts";
import type { Found } from "../plan.ts";
import type { NoneExist } from "../store.ts";
import { type Axis, axisOf, type Lane, q, type SortValue } from "./axis.ts";
import { and, type Driver, drivers, or, probe, sql } from "./clauses.ts";
import { compareText } from "../text.ts";
import { eqLanes, lanesOf } from "./dense.ts";
import type { Database, Sql } from "./database.ts";
import type { Types } from "./types.ts";

/** Where one way to search becomes better than another; other values than these are for tests. */
export interface SearchLimits {
  /** A clause with at most so many rows is collected and sorted. */
  few: number;
  /** Rows of an index looked at in the first step of a walk; each further step takes four times as many. */
  window: number;
}

/** Measured: to collect and sort a row takes 2 µs, to walk over one that does not match 14 µs, because it is somewhere else in the file. */
const DEFAULT_LIMITS: SearchLimits = { few: 4_000, window: 64 };
/** With at most so many rows, the remaining clauses are not even counted. */
const VERY_FEW = 200;
const MAX_WINDOW = 4_096;
/** After so many rows of a walk without a full page, what was too many to collect may be fewer than what is left to walk. */
const WALK_BEFORE_COLLECTING = 8_000;
const COLLECT_AT_MOST = 20_000;
const DEFAULT_MAX_BYTES = 4_000_000;

/** A match before its JSON is read; `values` as the index holds them. */
interface Match {
  seq: number;
  id: string;
  version: number;
  updated: number;
  values: SortValue[];
}

/** One thing that a match must pass. */
interface Probe {
  test(seq: string): Sql;
  /** It looks at columns of `r`, the resource's own row. What does not is asked first: that row is large, and often not in memory. */
  needsRow: boolean;
}

/** Places that may match, each from an index. */
interface Source {
  branches: Sql[];
  /** They are search values, so what they belong to is living and of the type. */
  fromSlots: boolean;
  /** No place occurs twice. */
  isDistinct?: boolean;
}

/** A clause (or several) that drives a search, and how many index rows it has: exact up to the limit it was counted to, else more than that. */
interface Choice extends Source {
  rows: number;
  /** What the branches answer exactly, so that it need not be probed. */
  covers?: Clause;
}

/** One search under way. */
interface Question {
  type: number;
  clauses: Clause[];
  axes: Axis[];
  best: Choice | undefined;
  /** Lanes in order of creation that hold all matches, and the clause they answer. */
  lanes: { lanes: Lane[]; covers?: Clause };
}

interface After {
  values: SortValue[];
  seq: number;
  id: string;
}

export class Search {
  readonly #db: Database;
  readonly #types: Types;
  readonly #limits: SearchLimits;

  constructor(db: Database, types: Types, limits: SearchLimits = DEFAULT_LIMITS) {
    this.#db = db;
    this.#types = types;
    this.#limits = limits;
  }

  page(query: StoreQuery): Page {
    const type = this.#types.find(query.type);
    if (type === undefined) return { rows: [], more: false };
    const axes = query.sort.map((key) => axisOf(key, type));
    const found = this.#matches(type, query.clauses, axes, query.after && inward(query.after, axes), query.limit + 1);
    const rows: Row[] = [];
    let bytes = 0;
    for (const match of found.slice(0, query.limit)) {
      const row = this.#row(query, axes, match);
      bytes += row.json === undefined ? 0 : Buffer.byteLength(row.json);
      if (rows.length > 0 && bytes > (query.maxBytes ?? DEFAULT_MAX_BYTES)) break;
      rows.push(row);
    }
    return { rows, more: found.length > rows.length };
  }

  count(typeName: string, clauses: Clause[]): number {
    const type = this.#types.find(typeName);
    if (type === undefined) return 0;
    if (clauses.length === 0) return this.#one(q`SELECT living AS n FROM type WHERE no = ${type}`).n;
    const best = this.#choose(clauses, type, COLLECT_AT_MOST);
    if (!best) {
      const probes = and(clauses.map((clause) => probe(clause)));
      return this.#one(q`SELECT count(*) AS n FROM resource r INDEXED BY resource_living WHERE r.type = ${type} AND r.method < 3 AND ${probes}`).n;
    }
    if (best.branches.length === 0) return 0;
    const [only] = clauses;
    if (clauses.length === 1 && only === best.covers && (only?.kind === "key" || only?.kind === "range")) {
      return this.#one(q`SELECT count(DISTINCT seq) AS n FROM (${unionAll(best.branches)})`).n;
    }
    const probes = and(rest(clauses, best.covers).map((clause) => probe(clause, "c.seq")));
    return this.#one(
      q`SELECT count(*) AS n FROM (SELECT DISTINCT seq FROM (${unionAll(best.branches)})) c
        CROSS JOIN resource r ON r.seq = c.seq WHERE r.type = ${type} AND r.method < 3 AND ${probes}`,
    ).n;
  }

  /** For conditional creates. */
  find(typeName: string, condition: NoneExist, limit: number): Found[] {
    const type = this.#types.find(typeName);
    if (type === undefined) return [];
    return this.#matches(type, condition.clauses, [], undefined, limit).map(({ seq, id, version, updated }) => ({
      id,
      version,
      updated,
      json: this.#json(seq),
    }));
  }

  #row(query: StoreQuery, axes: Axis[], match: Match): Row {
    const { seq, id, version, updated } = match;
    const row: Row = { type: query.type, id, version, updated, seq, values: match.values.map((value, i) => (axes[i] as Axis).outward(value)) };
    if (query.want === "rows") row.json = this.#json(seq);
    if (query.refs) {
      row.refs = query.refs.flatMap((slot) =>
        this.#db
          .all("SELECT value FROM keys WHERE seq = ? AND slot = ? AND value >= '=' AND value < '>'", seq, slot)
          .map(({ value }): [number, string] => [slot, value.slice(1)]),
      );
    }
    return row;
  }

  #json(seq: number): string {
    return this.#db.get("SELECT json FROM resource WHERE seq = ?", seq).json;
  }

  #matches(type: number, clauses: Clause[], axes: Axis[], after: After | undefined, need: number): Match[] {
    const best = this.#choose(clauses, type, this.#limits.few);
    const question: Question = { type, clauses, axes, best, lanes: { lanes: [] } };
    if (best?.covers && axes.length === 0 && isEquality(best.covers)) {
      // Its rows are in the wanted order already, so that the walk ends with the page.
      const lanes = lanesOf(this.#db, best.covers);
      if (lanes.length > 0 && best.rows <= this.#limits.few) {
        return this.#walkCreation(type, lanes, rest(clauses, best.covers).map(probeOf), [], after, need);
      }
    }
    if (best && best.rows <= this.#limits.few) return this.#collectChoice(question, best, after, need);
    question.lanes = eqLanes(this.#db, clauses);
    // In order of creation the lanes answer their clause; in any other order they are not what is walked.
    const toProbe = axes.length === 0 ? rest(clauses, question.lanes.covers) : clauses;
    const probes = toProbe.map(probeOf);
    return this.#walk(question, axes, probes, [], after, need, undefined);
  }

  // --- what drives ---------------------------------------------------------------------------------------------------

  /** The clause with the fewest rows; undefined when none can drive. */
  #choose(clauses: Clause[], type: number, most: number): Choice | undefined {
    let best: Choice | undefined;
    for (const clause of [...clauses].sort((a, b) => rank(a) - rank(b))) {
      if (best && (best.rows <= Math.min(VERY_FEW, most) || (isScan(clause) && best.rows <= most))) break;
      const limit = Math.min(most, best?.rows ?? most);
      const choice = clause.kind === "any" ? this.#chooseGroups(clause.of, type, limit) : this.#weigh(clause, type, limit);
      if (choice && (!best || choice.rows < best.rows)) best = choice;
    }
    return best;
  }

  #weigh(clause: Clause, type: number, limit: number): Choice | undefined {
    let best: Choice | undefined;
    for (const driver of drivers(clause, type)) {
      const rows = this.#countUpTo(driver, limit);
      const fromSlots = clause.kind === "key" || clause.kind === "range" || clause.kind === "missing";
      if (!best || rows < best.rows) best = { ...driver, rows, covers: clause, fromSlots };
    }
    return best;
  }

  /** Alternatives drive when each of them has something that drives it. */
  #chooseGroups(groups: Clause[][], type: number, limit: number): Choice | undefined {
    const all: Choice = { branches: [], rows: 0, fromSlots: true };
    for (const group of groups) {
      const choice = this.#choose(group, type, limit);
      if (!choice) return undefined;
      all.branches.push(...choice.branches);
      all.rows += choice.rows;
      all.fromSlots &&= choice.fromSlots;
      if (all.branches.length > 64) return undefined;
    }
    return all;
  }

  #countUpTo({ branches, counted = branches }: Driver, limit: number): number {
    if (counted.length === 0) return 0;
    return this.#one(q`SELECT count(*) AS n FROM (SELECT 1 FROM (${unionAll(counted)}) LIMIT ${limit + 1})`).n;
  }

  // --- few: collect and sort -----------------------------------------------------------------------------------------

  #collectChoice(question: Question, choice: Choice, after: After | undefined, need: number): Match[] {
    const probes = rest(question.clauses, choice.covers).map(probeOf);
    return this.#collect(question.type, choice, probes, question.axes, [], after, need);
  }

  /** Matches among what the source lists, in order; `fixed` are the values of the sort keys before `axes`. */
  #collect(type: number, source: Source, probes: Probe[], axes: Axis[], fixed: SortValue[], after: After | undefined, need: number): Match[] {
    if (source.branches.length === 0) return [];
    const values = concat(axes.map((axis, i) => q`, ${axis.value("c.seq")} AS ${sql(`s${i}`)}`));
    const order = sql(`${axes.map((axis, i) => `s${i} IS NULL, s${i} ${axis.desc ? "DESC" : "ASC"}, `).join("")}seq`);
    const places = source.isDistinct ? unionAll(source.branches) : q`SELECT DISTINCT seq FROM (${unionAll(source.branches)})`;
    const passed = q`SELECT c.seq AS seq FROM (${places}) c WHERE ${testsOf(probes, "c.seq", false)}`;
    const isInRow = !source.fromSlots || axes.some(({ isTotal }) => isTotal) || probes.some(({ needsRow }) => needsRow);
    const living = q`r.type = ${type} AND r.method < 3 AND ${testsOf(probes, "c.seq", true)}`;
    const valued = isInRow
      ? q`SELECT c.seq AS seq${values} FROM c CROSS JOIN resource r ON r.seq = c.seq WHERE ${living}`
      : q`SELECT c.seq AS seq${values} FROM c`;
    const statement = q`WITH c AS MATERIALIZED (${passed}), m AS MATERIALIZED (${valued}),
      t AS MATERIALIZED (SELECT * FROM m WHERE ${after ? afterCursor(axes, after) : sql("1")} ORDER BY ${order} LIMIT ${need + 1})
      SELECT t.*, r.id, r.version, r.updated FROM t CROSS JOIN resource r ON r.seq = t.seq ORDER BY ${order}`;
    const found = this.#all(statement).map((row) => toMatch(row, [...fixed, ...axes.map((_, i) => row[`s${i}`])]));
    return found.filter((match) => !isAt(match, after)).slice(0, need);
  }

  // --- many: walk in order -------------------------------------------------------------------------------------------

  /**
   * Matches in the order of `axes`, then of creation.
   * @param probes all that a match must pass
   * @param fixed values of the sort keys before `axes`, which `probes` hold fast
   * @param lanes rows that hold all matches in order of creation; absent: the question's own
   */
  #walk(
    question: Question,
    axes: Axis[],
    probes: Probe[],
    fixed: SortValue[],
    after: After | undefined,
    need: number,
    lanes: Lane[] | undefined,
  ): Match[] {
    const [axis, ...others] = axes;
    if (!axis) return this.#walkCreation(question.type, lanes ?? question.lanes.lanes, probes, fixed, after, need);
    const found: Match[] = [];
    const at = after?.values[0];
    const tail = after && { ...after, values: after.values.slice(1) };

    const group = (value: SortValue, from: After | undefined): void => {
      const held = [...probes, valueProbe(axis, (own) => q`${own} = ${value}`)];
      const rows = axis.lanes.map((lane) => ({ ...lane, where: q`${lane.where} AND ${sql(lane.column)} = ${value}` }));
      const wanted = need - found.length;
      const source = { branches: rows.map(laneRows), fromSlots: !axis.isTotal };
      if (others.length > 0 && this.#countUpTo(source, this.#limits.few) <= this.#limits.few) {
        found.push(...this.#collect(question.type, source, held, others, [...fixed, value], from, wanted));
      } else {
        found.push(...this.#walk(question, others, held, [...fixed, value], from, wanted, rows));
      }
    };

    if (at !== null) {
      if (at !== undefined) group(at, tail);
      let from: SortValue | undefined = at;
      let width: number = this.#limits.window;
      let walked = 0;
      while (found.length < need) {
        const edge: SortValue | undefined = this.#edge(axis, from, width);
        const inside = { branches: this.#inside(axis, from, edge), fromSlots: !axis.isTotal };
        const within = [...probes, valueProbe(axis, (own) => beyond(axis, own, from, edge))];
        found.push(...this.#collect(question.type, inside, within, axes, fixed, undefined, need - found.length));
        if (edge === undefined || found.length >= need) break;
        group(edge, undefined);
        from = edge;
        walked += width;
        width = Math.min(width * 4, MAX_WINDOW);
        if (found.length < need && fixed.length === 0 && walked > WALK_BEFORE_COLLECTING) {
          const choice = this.#choose(question.clauses, question.type, COLLECT_AT_MOST);
          if (choice && choice.rows <= COLLECT_AT_MOST) return this.#collectChoice(question, choice, after, need);
          walked = Number.NEGATIVE_INFINITY;
        }
      }
    }
    if (found.length < need && !axis.isTotal) {
      const without = [...probes, valueProbe(axis, (own) => q`${own} IS NULL`)];
      found.push(...this.#walk(question, others, without, [...fixed, null], at === null ? tail : undefined, need - found.length, lanes));
    }
    return found;
  }

  /** The value `width` rows further on; undefined when there are fewer. Of several lanes the nearest one. */
  #edge(axis: Axis, from: SortValue | undefined, width: number): SortValue | undefined {
    const direction = axis.desc ? "DESC" : "ASC";
    let nearest: SortValue | undefined;
    for (const { from: rows, column, where } of axis.lanes) {
      const row = this.#one(
        q`SELECT ${sql(column)} AS value FROM ${sql(rows)} WHERE ${where} AND ${beyond(axis, sql(column), from, undefined)}
          ORDER BY ${sql(`${column} ${direction}`)} LIMIT 1 OFFSET ${width - 1}`,
      );
      if (row && (nearest === undefined || this.#precedes(axis, row.value, nearest))) nearest = row.value;
    }
    return nearest;
  }

  #precedes({ desc }: Axis, a: SortValue, b: SortValue): boolean {
    const { less } = this.#one(q`SELECT ${a} < ${b} AS less`);
    return desc ? !less && a !== b : less === 1;
  }

  /** The lanes' rows strictly between two values. */
  #inside(axis: Axis, from: SortValue | undefined, to: SortValue | undefined): Sql[] {
    return axis.lanes.map((lane) => laneRows({ ...lane, where: q`${lane.where} AND ${beyond(axis, sql(lane.column), from, to)}` }));
  }

  /** Matches in order of creation: from each lane as many as are wanted, merged; without a lane, among all of the type. */
  #walkCreation(type: number, lanes: Lane[], probes: Probe[], fixed: SortValue[], after: After | undefined, need: number): Match[] {
    const start = after?.seq ?? 0;
    const living = q`r.type = ${type} AND r.method < 3`;
    const limit = q`ORDER BY seq LIMIT ${need + 1}`;
    const isInRow = probes.some(({ needsRow }) => needsRow);
    let statements: Sql[];
    if (lanes.length === 0) {
      const tests = and([testsOf(probes, "r.seq", false), testsOf(probes, "r.seq", true)]);
      const rows = q`resource r INDEXED BY resource_living WHERE ${living} AND r.seq >= ${start} AND ${tests}`;
      statements = [q`SELECT r.seq AS seq, r.id, r.version, r.updated FROM ${rows} ${limit}`];
    } else {
      statements = lanes.map(({ from, where, first = sql("1") }) => {
        const rows = q`SELECT k.seq AS seq FROM ${sql(from)} WHERE ${where} AND k.seq >= ${start} AND ${first} AND ${testsOf(probes, "k.seq", false)}`;
        const isWhole = !isInRow && !from.startsWith("resource");
        // Where the rows alone tell what matches, only as many as are wanted are looked up.
        const places = isWhole ? q`${rows} ${limit}` : rows;
        return q`SELECT r.seq AS seq, r.id, r.version, r.updated FROM (${places}) t CROSS JOIN resource r ON r.seq = t.seq
          WHERE ${living} AND ${testsOf(probes, "t.seq", true)} ORDER BY t.seq LIMIT ${need + 1}`;
      });
    }
    const merged = new Map<number, Match>();
    for (const statement of statements) for (const row of this.#all(statement)) merged.set(row.seq, toMatch(row, fixed));
    const found = [...merged.values()].filter((match) => !isAt(match, after));
    return found.sort((a, b) => a.seq - b.seq).slice(0, need);
  }

  #one({ text, values }: Sql) {
    return this.#db.get(text, ...values);
  }

  #all({ text, values }: Sql) {
    return this.#db.all(text, ...values);
  }
}

const toMatch = ({ seq, id, version, updated }: Match, values: SortValue[]): Match => ({ seq, id, version, updated, values });

const inward = ({ values, seq, id }: Cursor, axes: Axis[]): After => ({ values: axes.map((axis, i) => axis.inward(values[i] ?? null)), seq, id });

const rest = (clauses: Clause[], covered: Clause | undefined): Clause[] => clauses.filter((clause) => clause !== covered);

const probeOf = (clause: Clause): Probe => ({ test: (seq) => probe(clause, seq), needsRow: needsRow(clause) });

const valueProbe = (axis: Axis, test: (value: Sql) => Sql): Probe => ({ test: (seq) => test(axis.value(seq)), needsRow: axis.isTotal });

function needsRow(clause: Clause): boolean {
  return clause.kind === "id" || clause.kind === "updated" || (clause.kind === "any" && clause.of.flat().some(needsRow));
}

/** Those probes that look at the resource's row, or those that do not. */
const testsOf = (probes: Probe[], seq: string, inRow: boolean): Sql => and(probes.filter((one) => one.needsRow === inRow).map((one) => one.test(seq)));

/** The row at the cursor itself, or, after a row of another store in the same place, one that sorts before it. */
function isAt({ seq, id, values }: Match, after: After | undefined): boolean {
  if (!after || seq !== after.seq) return false;
  const own = values.slice(values.length - after.values.length);
  return after.values.every((value, i) => value === own[i]) && compareText(id, after.id) <= 0;
}

const laneRows = ({ from, where }: Lane): Sql => q`SELECT k.seq AS seq FROM ${sql(from)} WHERE ${where}`;

const unionAll = (branches: Sql[]): Sql => sql(branches.map(({ text }) => text).join(" UNION ALL "), ...branches.flatMap(({ values }) => values));

const concat = (pieces: Sql[]): Sql => sql(pieces.map(({ text }) => text).join(""), ...pieces.flatMap(({ values }) => values));

/** Strictly after `from` and before `to` in the axis' direction. */
function beyond({ desc }: Axis, value: Sql, from: SortValue | undefined, to: SortValue | undefined): Sql {
  const [after, before] = desc ? ["<", ">"] : [">", "<"];
  const tests: Sql[] = [];
  if (from !== undefined) tests.push(q`${value} ${sql(after as string)} ${from}`);
  if (to !== undefined) tests.push(q`${value} ${sql(before as string)} ${to}`);
  // Without bounds the value must still be there.
  return tests.length > 0 ? and(tests) : q`${value} IS NOT NULL`;
}

/** What comes at or after the cursor in the order of `axes` (columns s0, s1, …), then seq. */
function afterCursor(axes: Axis[], after: After): Sql {
  let further = q`seq >= ${after.seq}`;
  for (let i = axes.length - 1; i >= 0; i--) {
    const { desc } = axes[i] as Axis;
    const value = after.values[i] ?? null;
    const column = sql(`s${i}`);
    const same = q`(${column} IS ${value} AND ${further})`;
    further = value === null ? same : or([q`(${column} ${sql(desc ? "<" : ">")} ${value} OR ${column} IS NULL)`, same]);
  }
  return further;
}

/** In which order clauses are counted: first what is likely to be few. */
function rank(clause: Clause): number {
  if (isScan(clause)) return 9;
  const order = { id: 0, key: 1, text: 2, updated: 4, range: 4, any: 5, missing: 6 } as const;
  return clause.kind === "key" && clause.any.some((match) => !("eq" in match)) ? 3 : order[clause.kind];
}

const isEquality = (clause: Clause): boolean => clause.kind === "key" && clause.any.every((match) => "eq" in match);

/** Its matches are found only by looking at every value of the slot. */
function isScan(clause: Clause): boolean {
  return clause.kind === "key" && clause.any.some((match) => "contains" in match || "ends" in match);
}
