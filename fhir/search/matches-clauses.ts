/**
 * Evaluates clauses on one resource without an index: as a reference for tests, and for conditional creates, which must also see what
 * earlier steps of the same write make.
 */
import { type Clause, type IndexRows, type KeyMatch, rangeMatches, type RangeRow } from "./query.ts";

/** A resource on which clauses are evaluated. */
export interface Candidate {
  id: string;
  /** Milliseconds since 1970. */
  updated: number;
  index: IndexRows;
}

/** True if all clauses hold. Full text is not supported: such a clause never holds here. */
export function matchesClauses(clauses: Clause[], candidate: Candidate): boolean {
  return clauses.every((clause) => matchesClause(clause, candidate));
}

function matchesClause(clause: Clause, { id, updated, index }: Candidate): boolean {
  switch (clause.kind) {
    case "key": {
      const rows = rowsBySlot(index);
      return clause.slots.some((slot) => rows.keys.get(slot)?.someMatches(clause.any)) !== !!clause.not;
    }
    case "range": {
      const rows = rowsBySlot(index);
      const isIn = ([, low, high, unit]: RangeRow) => clause.any.some((match) => rangeMatches(match, low, high, unit));
      return clause.slots.some((slot) => rows.ranges.get(slot)?.some(isIn)) !== !!clause.not;
    }
    case "missing": {
      const { slots, prefix } = clause;
      const rows = rowsBySlot(index);
      const begins = prefix?.map((one) => ({ prefix: one }));
      const some = slots.some((slot) => {
        const keys = rows.keys.get(slot);
        return begins ? keys?.someMatches(begins) : keys !== undefined || rows.ranges.has(slot);
      });
      return some !== clause.missing;
    }
    case "id":
      return clause.any.includes(id) !== !!clause.not;
    case "updated":
      return clause.any.some((m) => rangeMatches(m, updated, updated, ""));
    case "any":
      return clause.of.some((group) => group.every((inner) => matchesClause(inner, { id, updated, index })));
    case "text":
      return false;
  }
}

/** The rows of one resource by slot, for many questions: neither a list of exact values nor one of prefixes is compared with each row. */
interface RowsBySlot {
  keys: Map<number, KeyValues>;
  ranges: Map<number, RangeRow[]>;
}

const known = new WeakMap<IndexRows, RowsBySlot>();

function rowsBySlot(index: IndexRows): RowsBySlot {
  let rows = known.get(index);
  if (rows) return rows;
  rows = { keys: new Map(), ranges: new Map() };
  for (const [slot, value] of index.keys) {
    const values = rows.keys.get(slot);
    if (values) values.add(value);
    else rows.keys.set(slot, new KeyValues(value));
  }
  for (const row of index.ranges) {
    const others = rows.ranges.get(row[0]);
    if (others) others.push(row);
    else rows.ranges.set(row[0], [row]);
  }
  known.set(index, rows);
  return rows;
}

class KeyValues {
  readonly #values: Set<string>;
  #sorted: string[] | undefined;

  constructor(first: string) {
    this.#values = new Set([first]);
  }

  add(value: string): void {
    this.#values.add(value);
  }

  someMatches(any: KeyMatch[]): boolean {
    return any.some((match) => this.#matches(match));
  }

  #matches(match: KeyMatch): boolean {
    if ("eq" in match) return this.#values.has(match.eq);
    if ("prefix" in match) return this.#someBegins(match.prefix);
    const { facet } = match;
    for (const value of this.#values) {
      if (!value.startsWith(facet)) continue;
      if ("contains" in match ? value.includes(match.contains, facet.length) : value.slice(facet.length).endsWith(match.ends)) return true;
    }
    return false;
  }

  /** In sorted order, values with a prefix come directly after the prefix. */
  #someBegins(prefix: string): boolean {
    this.#sorted ??= [...this.#values].sort(inOrder);
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] as string) < prefix) low = middle + 1;
      else high = middle;
    }
    return this.#sorted[low]?.startsWith(prefix) === true;
  }
}

const inOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
