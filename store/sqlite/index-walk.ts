/** Finds the matches of a page in order: few candidates are collected and sorted, many are read in order along an index. */
import type { Clause } from "../../fhir/search/query.ts";
import { compareText } from "../../fhir/search/text-order.ts";
import type { Axis, Lane, SortValue } from "./axis.ts";
import type { PlanChoice, PlanChooser, RowSource } from "./plan-choice.ts";
import { inTime, probe } from "./clause-conditions.ts";
import { and, or, q, sql, unionAll } from "./sql-fragments.ts";
import type { Database, Sql } from "./database.ts";

/** Thresholds between two ways to search; tests use other values. */
export interface SearchLimits {
  /** Rows of a clause up to which they are collected and sorted. */
  few: number;
  /** Index rows that the first step of a walk reads; each further step reads four times as many. */
  window: number;
}

/** Measured: collecting and sorting a row takes 2 µs, stepping over a row that does not match 14 µs, since it is elsewhere in the file. */
export const DEFAULT_LIMITS: SearchLimits = { few: 4_000, window: 64 };
const MAX_WINDOW = 4_096;
/** Rows of a walk without a full page after which collecting is considered again: it may take fewer rows than the rest of the walk. */
const WALK_BEFORE_COLLECTING = 8_000;
/** Rows up to which collecting is preferred to walking. */
export const COLLECT_AT_MOST = 20_000;

/** A match before its JSON is read; `values` in the index's form. */
export interface WalkMatch {
  seq: number;
  id: string;
  version: number;
  updated: number;
  values: SortValue[];
}

/** One condition of a match. */
export interface Probe {
  test(seq: string): Sql;
  /** It reads columns of `r`, the resource's own row. Other conditions are checked first: that row is large, and often not in memory. */
  needsRow: boolean;
}

/** A search that is being answered. */
export interface WalkQuestion {
  type: number;
  clauses: Clause[];
  axes: Axis[];
  /** Rows in order of creation that hold all matches; empty: all resources of the type. */
  lanes: Lane[];
}

/** The place where the last page ended, with values in the index's form. */
export interface After {
  values: SortValue[];
  seq: number;
  id: string;
}

/** The state of a walk in the order of a search. */
export interface Walk {
  question: WalkQuestion;
  /** The sort keys that are not fixed yet. */
  axes: Axis[];
  /** All conditions of a match. */
  probes: Probe[];
  /** Values of the sort keys before `axes`; `probes` has conditions that fix them. */
  fixed: SortValue[];
  /** Where the page before ended, with the values of `axes`. */
  after?: After;
  /** Number of matches that are wanted. */
  need: number;
  /** Rows that hold all matches, in order of creation; absent: the question's own. */
  lanes?: Lane[];
}

/** Which of the listed candidates are wanted. */
type Wanted = Pick<Walk, "axes" | "probes" | "fixed" | "after" | "need">;

/** The same place without its first value. */
const withoutFirst = (after: After): After => ({ ...after, values: after.values.slice(1) });

/** Finds the matches of a question in its order, along an index of the first sort key or by sorting what a clause lists. */
export class Walker {
  readonly #db: Database;
  readonly #chooser: PlanChooser;
  readonly #limits: SearchLimits;

  constructor(db: Database, chooser: PlanChooser, limits: SearchLimits) {
    this.#db = db;
    this.#chooser = chooser;
    this.#limits = limits;
  }

  /** All matches among the rows of the choice, sorted. */
  collectChoice(question: WalkQuestion, choice: PlanChoice, after: After | undefined, need: number): WalkMatch[] {
    const probes = rest(question.clauses, choice.covers).map(probeOf);
    return this.#collect(question.type, choice, { axes: question.axes, probes, fixed: [], need, ...(after && { after }) });
  }

  /** Matches among what the source lists, in order. */
  #collect(type: number, source: RowSource, { axes, probes, fixed, after, need }: Wanted): WalkMatch[] {
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
    const found = this.#all(statement).map((row) => toMatch(row, [...fixed, ...axes.map((_, i) => row[`s${i}`] as SortValue)]));
    return found.filter((match) => !isAt(match, after)).slice(0, need);
  }

  /** Matches in the order of the walk's axes, then of creation. */
  inOrder(walk: Walk): WalkMatch[] {
    const { question, axes, probes, fixed, after, need, lanes } = walk;
    const [axis, ...others] = axes;
    if (!axis) return this.inOrderOfCreation(question.type, lanes ?? question.lanes, { probes, fixed, need, ...(after && { after }) });
    const { found, isWhole } = this.#withValue(walk, axis);
    // Resources without a value come last; a bound on the axis excludes them.
    if (isWhole || found.length >= need || axis.isTotal || axis.bounds) return found;
    const without = [...probes, valueProbe(axis, (own) => q`${own} IS NULL`)];
    const isAmongThem = after?.values[0] === null;
    const { after: _, ...rest } = walk;
    const among = isAmongThem && after ? { after: withoutFirst(after) } : {};
    return [
      ...found,
      ...this.inOrder({ ...rest, ...among, axes: others, probes: without, fixed: [...fixed, null], need: need - found.length }),
    ];
  }

  /** Matches that have a value on the axis. `isWhole`: no candidate is left. */
  #withValue(walk: Walk, axis: Axis): { found: WalkMatch[]; isWhole: boolean } {
    const { question, axes, probes, fixed, need } = walk;
    const { after, ...fromStart } = walk;
    const found: WalkMatch[] = [];
    const at = after?.values[0];
    if (at === null) return { found, isWhole: false };
    if (after && at !== undefined) found.push(...this.#atValue({ ...walk, after: withoutFirst(after) }, axis, at));
    let from: SortValue | undefined = at;
    let width = this.#limits.window;
    let walked = 0;
    let mayCollect = fixed.length === 0;
    while (found.length < need) {
      const edge: SortValue | undefined = this.#edge(axis, from, width);
      const inside = { branches: this.#inside(axis, from, edge), fromSlots: !axis.isTotal };
      const within = axis.isSingle ? probes : [...probes, valueProbe(axis, (own) => beyond(axis, own, from, edge))];
      found.push(...this.#collect(question.type, inside, { axes, probes: within, fixed, need: need - found.length }));
      if (edge === undefined || found.length >= need) break;
      found.push(...this.#atValue({ ...fromStart, need: need - found.length }, axis, edge));
      from = edge;
      walked += width;
      width = Math.min(width * 4, MAX_WINDOW);
      if (!mayCollect || found.length >= need || walked <= WALK_BEFORE_COLLECTING) continue;
      // Few of the rows walked match: another clause may list all matches.
      mayCollect = false;
      const choice = this.#chooser.choose(question.clauses, question.type, COLLECT_AT_MOST);
      if (choice && choice.rows <= COLLECT_AT_MOST) return { found: this.collectChoice(question, choice, after, need), isWhole: true };
    }
    return { found, isWhole: false };
  }

  /** Matches that have exactly this value on the first of the walk's axes, in the order of the others; `after` begins with their values. */
  #atValue({ question, axes: [, ...others], probes, fixed: before, after, need }: Walk, axis: Axis, value: SortValue): WalkMatch[] {
    const isHeld = valueProbe(axis, (own) => q`${own} = ${value}`);
    const held = axis.isSingle ? probes : [...probes, isHeld];
    const rows = axis.lanes.map((lane) => ({ ...lane, where: q`${lane.where} AND ${sql(lane.column)} = ${value}` }));
    const wanted = { axes: others, fixed: [...before, value], need, ...(after && { after }) };
    const source = { branches: rows.map(laneRows), fromSlots: !axis.isTotal };
    if (others.length > 0 && this.#chooser.countUpTo(source, this.#limits.few) <= this.#limits.few) {
      return this.#collect(question.type, source, { ...wanted, probes: held });
    }
    // An index of another sort key covers the whole type, not only the rows with this value.
    const asked = others.length > 0 ? [...probes, isHeld] : held;
    return this.inOrder({ ...wanted, question, probes: asked, lanes: rows });
  }

  /** The value `width` rows further on, of several lanes the nearest; undefined when there are fewer rows. */
  #edge(axis: Axis, from: SortValue | undefined, width: number): SortValue | undefined {
    const direction = axis.desc ? "DESC" : "ASC";
    let nearest: SortValue | undefined;
    for (const { from: rows, column, where } of axis.lanes) {
      const row = this.#one<{ value: SortValue }>(
        q`SELECT ${sql(column)} AS value FROM ${sql(rows)} WHERE ${where} AND ${beyond(axis, sql(column), from, undefined)}
          ORDER BY ${sql(`${column} ${direction}`)} LIMIT 1 OFFSET ${width - 1}`,
      );
      if (row && (nearest === undefined || this.#precedes(axis, row.value, nearest))) nearest = row.value;
    }
    return nearest;
  }

  #precedes({ desc }: Axis, a: SortValue, b: SortValue): boolean {
    const less = this.#one<{ less: number | null }>(q`SELECT ${a} < ${b} AS less`)?.less;
    return desc ? !less && a !== b : less === 1;
  }

  /** The lanes' rows strictly between two values. */
  #inside(axis: Axis, from: SortValue | undefined, to: SortValue | undefined): Sql[] {
    return axis.lanes.map((lane) => laneRows({ ...lane, where: q`${lane.where} AND ${beyond(axis, sql(lane.column), from, to)}` }));
  }

  /** Matches in order of creation: as many as are wanted from each lane, merged; without lanes, among all resources of the type. */
  inOrderOfCreation(type: number, lanes: Lane[], { probes, fixed, after, need }: Omit<Wanted, "axes">): WalkMatch[] {
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
        // Where the rows alone decide what matches, only as many as are wanted are looked up.
        const places = isWhole ? q`${rows} ${limit}` : rows;
        return q`SELECT r.seq AS seq, r.id, r.version, r.updated FROM (${places}) t CROSS JOIN resource r ON r.seq = t.seq
          WHERE ${living} AND ${testsOf(probes, "t.seq", true)} ORDER BY t.seq LIMIT ${need + 1}`;
      });
    }
    const merged = new Map<number, WalkMatch>();
    for (const statement of statements) for (const row of this.#all(statement)) merged.set(row.seq, toMatch(row, fixed));
    const found = [...merged.values()].filter((match) => !isAt(match, after));
    return found.sort((a, b) => a.seq - b.seq).slice(0, need);
  }

  #one<Row extends object>({ text, values }: Sql): Row | undefined {
    return this.#db.get<Row>(text, ...values);
  }

  #all({ text, values }: Sql): MatchRow[] {
    return this.#db.all<MatchRow>(text, ...values);
  }
}

/** A match, with its sort values in columns of their own: s0, s1, … */
type MatchRow = Omit<WalkMatch, "values"> & Record<`s${number}`, SortValue>;

const toMatch = ({ seq, id, version, updated }: MatchRow, values: SortValue[]): WalkMatch => ({ seq, id, version, updated, values });

/** The clauses except the one that the source covers. */
export const rest = (clauses: Clause[], covered: Clause | undefined): Clause[] => clauses.filter((clause) => clause !== covered);

/** A clause as a condition on each row of a walk. */
export const probeOf = (clause: Clause): Probe => ({ test: (seq) => probe(clause, seq), needsRow: needsRow(clause) });

const valueProbe = (axis: Axis, test: (value: Sql) => Sql): Probe => ({ test: (seq) => test(axis.value(seq)), needsRow: axis.isTotal });

/** Whether the condition reads the row in `resource`, not only search values. */
export function needsRow(clause: Clause): boolean {
  return clause.kind === "id" || clause.kind === "updated" || (clause.kind === "any" && clause.of.flat().some(needsRow));
}

/** The probes that read the resource's row, or those that do not; the time is checked at each row, of which none may match. */
function testsOf(probes: Probe[], seq: string, inRow: boolean): Sql {
  const tests = probes.filter((one) => one.needsRow === inRow).map((one) => one.test(seq));
  return tests.length === 0 ? and(tests) : and([sql(inTime(seq)), ...tests]);
}

/** Whether this is the row at the cursor; after a row of another store in the same place, a row that sorts before it. */
function isAt({ seq, id, values }: WalkMatch, after: After | undefined): boolean {
  if (!after || seq !== after.seq) return false;
  const own = values.slice(values.length - after.values.length);
  return after.values.every((value, i) => value === own[i]) && compareText(id, after.id) <= 0;
}

const laneRows = ({ from, where }: Lane): Sql => q`SELECT k.seq AS seq FROM ${sql(from)} WHERE ${where}`;

const concat = (pieces: Sql[]): Sql => sql(pieces.map(({ text }) => text).join(""), ...pieces.flatMap(({ values }) => values));

/** Condition: strictly after `from` and before `to` in the axis' direction; where one is absent, up to that end of the axis. */
function beyond({ desc, bounds }: Axis, value: Sql, from: SortValue | undefined, to: SortValue | undefined): Sql {
  const [after, before] = desc ? ["<", ">"] : [">", "<"];
  const [start, end] = desc ? [bounds?.greatest, bounds?.least] : [bounds?.least, bounds?.greatest];
  const tests: Sql[] = [];
  // One bound on each side: with two, SQLite might walk from the wrong one.
  if (from !== undefined) tests.push(q`${value} ${sql(after as string)} ${from}`);
  else if (start !== undefined) tests.push(q`${value} ${sql(`${after}=`)} ${start}`);
  if (to !== undefined) tests.push(q`${value} ${sql(before as string)} ${to}`);
  else if (end !== undefined) tests.push(q`${value} ${sql(`${before}=`)} ${end}`);
  // Without bounds there must still be a value.
  return tests.length > 0 ? and(tests) : q`${value} IS NOT NULL`;
}

/** Condition: at or after the cursor in the order of `axes` (columns s0, s1, …), then of seq. */
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
