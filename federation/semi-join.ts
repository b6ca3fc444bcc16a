/**
 * Searches whose chains have ends too large to list: candidates are read in batches, in the common order, and the far owners are asked which of
 * a batch's references lead to a match. One call per owner and step for each batch.
 */
import type { Clause, Cursor, Row, SortKey } from "../fhir/search/query.ts";
import { canonicalUrlSlots, searchOwners, cursorOf, ownersToAsk } from "./scatter-gather.ts";
import type { ChainLink, HasLink, Link, ChainPlan, ChainQuery } from "./chain-plan.ts";
import { ownerOf } from "./owner-contract.ts";
import { answerIn, budgetFor } from "./query-context.ts";
import { anyOfValues, idClause } from "../fhir/search/exact-clauses.ts";

/** What is left of a search's limits. */
export interface SemiJoinBudget {
  /** Candidates that may still be read. */
  rows: number;
  /** When it must end, on the clock of `performance.now()`. */
  deadline: number;
}

/** A search over several services with its budget. */
export interface BoundedQuery extends ChainQuery {
  budget: SemiJoinBudget;
}

/** The budget is used up. */
export class BudgetExceeded extends Error {}

/** Candidates of the first batch, unless more are requested: most searches end with it. */
const FIRST_BATCH = 20;
/** Factor by which each further batch is larger, since few candidates have matched. */
const BATCH_GROWTH = 4;
/** Largest batch; an owner probes it within some tens of milliseconds. */
const MAX_BATCH = 500;
/** Batch of candidates in the middle of a chain, many of which belong to one at its near end. */
const MIDDLE_BATCH = 2_000;
/** References in one call. */
const MAX_KEYS_PER_CALL = 5_000;

/** The matches of one batch, in order, and where the next one starts. */
export interface Batch {
  rows: Row[];
  end: Cursor;
}

/** Which candidates are read, and in what order. */
export interface Candidates {
  sort: SortKey[];
  after?: Cursor;
  /** Slots whose references are returned with each row, besides those needed here. */
  refs?: number[];
  /** Candidates in the first batch; default 20. */
  first?: number;
}

/** All matches of the plan, without JSON, batch by batch. @throws BudgetExceeded */
export async function* streamMatches(
  query: BoundedQuery,
  { type, clauses, links }: ChainPlan,
  { sort, after, refs = [], first = FIRST_BATCH }: Candidates,
): AsyncGenerator<Batch> {
  const { mesh, budget, availability } = query;
  const slots = [...new Set([...refs, ...links.flatMap((link) => slotsOf(link, type))])];
  let size = Math.max(first, FIRST_BATCH);
  for (let from = after; ; ) {
    const limit = Math.min(size, budget.rows);
    if (limit <= 0 || performance.now() > budget.deadline) throw new BudgetExceeded();
    const page = await searchOwners(
      mesh,
      { type, clauses, sort, limit, want: "ids", refs: slots, ...(from && { after: from }) },
      availability,
    );
    const last = page.rows.at(-1);
    if (!last) return;
    budget.rows -= page.rows.length;
    from = cursorOf(last);
    let rows = page.rows;
    for (const link of links) {
      if (rows.length > 0) rows = await (link.kind === "chain" ? filterByChain(query, link, rows) : filterByHas(query, link, rows));
    }
    yield { rows, end: from };
    if (!page.more) return;
    size = Math.max(first, Math.min(size * BATCH_GROWTH, MAX_BATCH));
  }
}

/** The references of a row in these slots, with repetitions. */
export const referencesIn = ({ refs = [] }: Row, slots: number[]): string[] =>
  refs.filter(([slot]) => slots.includes(slot)).map(([, reference]) => reference);

/** Slots of a candidate that a link needs. */
const slotsOf = (link: Link, type: string): number[] =>
  link.kind === "chain" ? link.slots : link.isCanonical ? canonicalUrlSlots(type) : [];

/** The candidates that refer to a match of the chain's end. */
async function filterByChain(query: BoundedQuery, { slots, isCanonical, ends, known, inside }: ChainLink, rows: Row[]): Promise<Row[]> {
  const references = [...new Set(rows.flatMap((row) => referencesIn(row, slots)))].filter((reference) => !known.has(reference));
  const found = await Promise.all(
    ends.map(async (end) => {
      if (isCanonical) return semiJoin(query, end, canonicalUrlSlots(end.type), references);
      const prefix = `${end.type}/`;
      const ids = references.filter((reference) => reference.startsWith(prefix)).map((reference) => reference.slice(prefix.length));
      return [...(await semiJoin(query, end, undefined, ids))].map((id) => prefix + id);
    }),
  );
  const matching = new Set(found.flatMap((some) => [...some]));
  const isOutside = (row: Row) => referencesIn(row, slots).some((reference) => known.has(reference) || matching.has(reference));
  const left = rows.filter((row) => !isOutside(row)).map(({ id }) => id);
  if (inside.length === 0 || left.length === 0) return rows.filter(isOutside);
  const contained = await Promise.all(inside.map((plan) => semiJoin(query, plan, undefined, left)));
  return rows.filter((row) => isOutside(row) || contained.some((ids) => ids.has(row.id)));
}

/** The candidates to which a match of the `_has` refers. */
async function filterByHas(query: BoundedQuery, { slots, isCanonical, end }: HasLink, rows: Row[]): Promise<Row[]> {
  const namesOf = (row: Row) => (isCanonical ? referencesIn(row, canonicalUrlSlots(row.type)) : [`${row.type}/${row.id}`]);
  const matching = await semiJoin(query, end, slots, [...new Set(rows.flatMap(namesOf))]);
  return rows.filter((row) => namesOf(row).some((name) => matching.has(name)));
}

/** Which of the values (ids, or references in `slots`) belong to a match of the plan. */
async function semiJoin(query: BoundedQuery, plan: ChainPlan, slots: number[] | undefined, values: string[]): Promise<Set<string>> {
  const { mesh, availability } = query;
  const found = new Set<string>();
  const { type, clauses, links } = plan;
  for (let start = 0; start < values.length; start += MAX_KEYS_PER_CALL) {
    const some = values.slice(start, start + MAX_KEYS_PER_CALL);
    if (links.length === 0) {
      const keys = { type, clauses, among: some, ...(slots && { slots }) };
      const owners = ownersToAsk(mesh.directory, type, availability);
      const ask = async (owner: string) => answerIn(mesh, await ownerOf(owner).joinKeysAmong(mesh.caller, { ...keys, ...budgetFor(mesh) }));
      const answers = await Promise.all(owners.map(ask));
      for (const value of answers.flat()) found.add(value);
      continue;
    }
    // These are candidates themselves, about which other owners must be asked.
    const one: Clause = slots ? anyOfValues(slots, some) : idClause(some);
    const wanted = new Set(some);
    const candidates: Candidates = { sort: [], first: MIDDLE_BATCH, ...(slots && { refs: slots }) };
    for await (const { rows } of streamMatches(query, { type, clauses: [...clauses, one], links }, candidates)) {
      for (const value of rows.flatMap((row) => (slots ? referencesIn(row, slots) : [row.id]))) if (wanted.delete(value)) found.add(value);
      if (wanted.size === 0) break;
    }
  }
  return found;
}
