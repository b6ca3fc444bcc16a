/** Which clause drives a search: the one with the fewest index rows, counted. */
import type { Clause } from "../../fhir/search/query.ts";
import { type IndexScan, indexScans } from "./index-scans.ts";
import { q, unionAll } from "./sql-fragments.ts";
import type { Database, Sql } from "./database.ts";

/** A clause with at most so many rows is chosen without counting the remaining ones. */
const VERY_FEW = 200;
/** Alternatives with more branches than this are probed. */
const MAX_BRANCHES = 64;

/** Places of candidates, each from an index. */
export interface RowSource {
  branches: Sql[];
  /** The branches read search values, which only living resources of the type have. */
  fromSlots: boolean;
  /** No place occurs twice. */
  isDistinct?: boolean;
}

/** A clause (or several) that drives a search, with its number of index rows: exact up to the limit of counting, otherwise greater than it. */
export interface PlanChoice extends RowSource {
  rows: number;
  /** The clause that the branches answer exactly, so that it need not be probed. */
  covers?: Clause;
}

/** Chooses the clause whose index lists the fewest rows, by counting them up to a bound. */
export class PlanChooser {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The clause with the fewest rows; undefined when none can drive the search. */
  choose(clauses: Clause[], type: number, most: number): PlanChoice | undefined {
    let best: PlanChoice | undefined;
    for (const clause of [...clauses].sort((a, b) => rank(a) - rank(b))) {
      if (best && (best.rows <= Math.min(VERY_FEW, most) || (isScan(clause) && best.rows <= most))) break;
      const limit = Math.min(most, best?.rows ?? most);
      const choice = clause.kind === "any" ? this.#chooseGroups(clause.of, type, limit) : this.#weigh(clause, type, limit);
      if (choice && (!best || choice.rows < best.rows)) best = choice;
    }
    return best;
  }

  #weigh(clause: Clause, type: number, limit: number): PlanChoice | undefined {
    let best: PlanChoice | undefined;
    for (const driver of indexScans(clause, type)) {
      const rows = this.countUpTo(driver, limit);
      const fromSlots = clause.kind === "key" || clause.kind === "range" || clause.kind === "missing";
      if (!best || rows < best.rows) best = { ...driver, rows, covers: clause, fromSlots };
    }
    return best;
  }

  /** Alternatives drive a search if each of them has a clause that does. */
  #chooseGroups(groups: Clause[][], type: number, limit: number): PlanChoice | undefined {
    const all: PlanChoice = { branches: [], rows: 0, fromSlots: true };
    for (const group of groups) {
      const choice = this.choose(group, type, limit);
      if (!choice) return undefined;
      all.branches.push(...choice.branches);
      all.rows += choice.rows;
      all.fromSlots &&= choice.fromSlots;
      if (all.branches.length > MAX_BRANCHES) return undefined;
    }
    return all;
  }

  countUpTo({ branches, counted = branches }: IndexScan, limit: number): number {
    if (counted.length === 0) return 0;
    const { text, values } = q`SELECT count(*) AS n FROM (SELECT 1 FROM (${unionAll(counted)}) LIMIT ${limit + 1})`;
    return this.#db.one<{ n: number }>(text, ...values).n;
  }
}

/** The order in which clauses are counted: those first that are likely to have few rows. */
function rank(clause: Clause): number {
  if (isScan(clause)) return 9;
  const order = { id: 0, key: 1, text: 2, updated: 4, range: 4, any: 5, missing: 6 } as const;
  return clause.kind === "key" && clause.any.some((match) => !("eq" in match)) ? 3 : order[clause.kind];
}

/** Whether its matches are found only by reading every value of the slot. */
function isScan(clause: Clause): boolean {
  return clause.kind === "key" && clause.any.some((match) => "contains" in match || "ends" in match);
}
