/**
 * A search over all owners of a type: chains and `_has` are resolved from the inside out, each owner returns one page in the common order, and
 * the pages are merged, with a keyset cursor. One call per owner and step.
 */
import { type FhirError, fhirError } from "../fhir/outcome.ts";
import type { ParsedSearch } from "../fhir/search/criteria.ts";
import type { Clause, Cursor, Row, SortKey, StoreQuery } from "../fhir/search/query.ts";
import { searchOwners, countOwners, cursorOf } from "./scatter-gather.ts";
import { type Link, type ChainPlan, CHAIN_LIMITS } from "./chain-plan.ts";
import { planChains, farTypesOf } from "./chains.ts";
import { PIECE_BYTES, withContents } from "./row-contents.ts";
import { type SemiJoinBudget, streamMatches, BudgetExceeded, type BoundedQuery } from "./semi-join.ts";
import type { Availability, QueryContext, ChainLimits } from "./query-context.ts";

/** Request of one page of a search. */
export interface PageRequest {
  type: string;
  search: ParsedSearch;
  after?: Cursor;
  limit: number;
  maxBytes: number;
  /** Slots whose references are returned with each row. */
  refs?: number[];
  /** "ids": rows without their JSON. Default "rows". */
  want?: StoreQuery["want"];
  /** Answers with what is available when an owner is down, instead of with 503. */
  partial?: boolean;
}

/** A page may have fewer rows than its limit, even none, although there are more. */
export interface PageOfRows {
  rows: Row[];
  /** Start of the next page; absent: this was the last. */
  next?: Cursor;
  /** Types of which not all owners could be asked; only with `partial`. */
  missing: string[];
}

/** One page over all owners, in the common order. @throws FhirError 400 too-costly; 503 OWNER_DOWN; 404 NOT_SUPPORTED */
export async function searchPage(mesh: QueryContext, request: PageRequest): Promise<PageOfRows> {
  const { search, partial = false } = request;
  const availability: Availability = { partial, missing: new Set() };
  const sort = search.sort.length > 0 ? search.sort : search.implicitSort ? [search.implicitSort] : [];
  const chainLimits = mesh.chainLimits ?? CHAIN_LIMITS;
  const page = await withGrowingLimits(chainLimits, async (limits, isLast): Promise<Outcome<Part>> => {
    const plan = await planChains({ mesh, limits, availability }, search);
    if (plan.links.length === 0) return { found: await pageByOwners(mesh, plan, sort, request, availability) };
    const found = await pageBySemiJoin({ mesh, limits, availability, budget: budgetOf(limits.maxProbed, limits) }, plan, sort, request);
    // The client has followed a next link: pages may become shorter, but the search must not end with an error.
    const isAnswer = !found.isSpent || (isLast && (found.rows.length > 0 || (request.after && found.next)));
    return isAnswer ? { found } : { refused: tooCostly(plan, limits.maxListed, limits.maxProbed) };
  });
  return { rows: page.rows, ...(page.next && { next: page.next }), missing: [...availability.missing] };
}

/** Number of matches over all owners. @throws as `searchPage` */
export async function countMatches(mesh: QueryContext, type: string, search: ParsedSearch): Promise<number> {
  const availability: Availability = { partial: false, missing: new Set() };
  return withGrowingLimits(mesh.chainLimits ?? CHAIN_LIMITS, async (limits): Promise<Outcome<number>> => {
    const plan = await planChains({ mesh, limits, availability }, search);
    if (plan.links.length === 0) return { found: await countOwners(mesh, type, plan.clauses) };
    try {
      let count = 0;
      for await (const { rows } of streamMatches({ mesh, limits, availability, budget: budgetOf(limits.maxCounted, limits) }, plan, {
        sort: [],
        first: COUNT_BATCH,
      })) {
        count += rows.length;
      }
      return { found: count };
    } catch (error) {
      if (error instanceof BudgetExceeded) return { refused: tooCostly(plan, limits.maxListed, limits.maxCounted) };
      throw error;
    }
  });
}

/** Candidates that a count reads at a time. */
const COUNT_BATCH = 500;

type Outcome<Found> = { found: Found } | { refused: FhirError };

/** The result of `attempt` with the first of the limits under which it is not refused. @throws its last refusal */
async function withGrowingLimits<Found>(
  chainLimits: ChainLimits[],
  attempt: (limits: ChainLimits, isLast: boolean) => Promise<Outcome<Found>>,
): Promise<Found> {
  let refused: FhirError | undefined;
  for (const [index, limits] of chainLimits.entries()) {
    const outcome = await attempt(limits, index === chainLimits.length - 1);
    if ("found" in outcome) return outcome.found;
    refused = outcome.refused;
  }
  throw refused;
}

const budgetOf = (rows: number, { timeoutMs }: ChainLimits): SemiJoinBudget => ({ rows, deadline: performance.now() + timeoutMs });

interface Part {
  rows: Row[];
  next?: Cursor;
}

/** A page that the owners of the type can answer alone. */
async function pageByOwners(
  mesh: QueryContext,
  { type, clauses }: ChainPlan,
  sort: SortKey[],
  { after, limit, maxBytes, refs, want = "rows" }: PageRequest,
  availability: Availability,
): Promise<Part> {
  const { rows, more } = await searchOwners(
    mesh,
    { type, clauses, sort, limit, maxBytes, jsonBytes: PIECE_BYTES, want, ...(after && { after }), ...(refs && { refs }) },
    availability,
  );
  const found = { rows, ...(more && { next: rows.at(-1) }) };
  return want === "ids" ? withCursor(found) : wholePage(mesh, clauses, found, maxBytes, availability);
}

/** A page whose end is given by its last row. */
interface FoundRows {
  rows: Row[];
  next?: Row | undefined;
}

const withCursor = ({ rows, next }: FoundRows): Part => ({ rows, ...(next && { next: cursorOf(next) }) });

/** The page with its JSON, within the byte limit. */
async function wholePage(
  mesh: QueryContext,
  clauses: Clause[],
  found: FoundRows,
  maxBytes: number,
  availability: Availability,
): Promise<Part> {
  const { rows, last, isCut } = await withContents(mesh, { rows: found.rows, clausesOf: () => clauses, maxBytes }, availability);
  return withCursor({ rows, next: isCut ? last : found.next });
}

/** A page whose candidates are probed; `isSpent`: it ends where the budget was used up. */
async function pageBySemiJoin(
  query: BoundedQuery,
  plan: ChainPlan,
  sort: SortKey[],
  { after, limit, maxBytes, refs, want = "rows" }: PageRequest,
): Promise<Part & { isSpent: boolean }> {
  const { mesh, availability } = query;
  const found: Row[] = [];
  let end: Cursor | undefined;
  let isSpent = false;
  try {
    const candidates = { sort, first: limit + 1, ...(after && { after }), ...(refs && { refs }) };
    for await (const batch of streamMatches(query, plan, candidates)) {
      found.push(...batch.rows);
      end = batch.end;
      if (found.length > limit) break;
    }
  } catch (error) {
    if (!(error instanceof BudgetExceeded)) throw error;
    isSpent = true;
  }
  const wanted = found.slice(0, limit);
  const isCut = found.length > limit;
  const next = isCut ? cursorOf(wanted.at(-1) as Row) : isSpent ? end : undefined;
  if (want === "ids" || wanted.length === 0) {
    return { rows: wanted.map((row) => withRefs(row, refs)), isSpent: isSpent && !isCut, ...(next && { next }) };
  }

  // The JSON is read only now that the matches are known.
  const rows = wanted.map((row) => withRefs(row, refs));
  const page = await withContents(mesh, { rows, clausesOf: () => plan.clauses, maxBytes }, availability);
  const onwards = page.isCut && page.last ? cursorOf(page.last) : next;
  return { rows: page.rows, isSpent: isSpent && !isCut, ...(onwards && { next: onwards }) };
}

const withRefs = ({ refs = [], ...row }: Row, slots: number[] | undefined): Row =>
  slots ? { ...row, refs: refs.filter(([slot]) => slots.includes(slot)) } : row;

function tooCostly({ type, links }: ChainPlan, listed: number, probed: number): FhirError {
  const [link] = links as [Link, ...Link[]];
  const types = farTypesOf(link);
  const diagnostics = `${link.parameter} leads over more than ${listed} ${types} resources, and too few of the first ${probed} ${type} resources belong to one of them: narrow it by another condition on ${type}, or a narrower one on ${types}.`;
  return fhirError(400, "too-costly", diagnostics, link.parameter);
}
