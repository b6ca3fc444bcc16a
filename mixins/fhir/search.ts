/**
 * A search over all owners of a type: chains and `_has` are resolved from the inside out, the owners each give one page in
 * the agreed order, and the pages are merged by the keyset cursor. One call per owner and step.
 */
import { type FhirError, fhirError } from "../../fhir/outcome.ts";
import type { ParsedSearch } from "../../fhir/search/criteria.ts";
import type { Cursor, Row, SortKey, StoreQuery } from "../../fhir/search/query.ts";
import { askAll, countAll, cursorOf, type Manner, type Mesh } from "./ask.ts";
import { type Link, type Plan, planOf, type Stage, STAGES, typesOf } from "./chains.ts";
import { type Budget, passing, Spent } from "./probing.ts";

/** What one page of a search is asked for. */
export interface PageRequest {
  type: string;
  search: ParsedSearch;
  after?: Cursor;
  limit: number;
  maxBytes: number;
  /** Slots whose references come along with each row. */
  refs?: number[];
  /** "ids": rows without their JSON. Default "rows". */
  want?: StoreQuery["want"];
  /** Answer with what there is when an owner is down, rather than with 503. */
  partial?: boolean;
}

/** A page may have fewer rows than its limit, even none, although more follow. */
export interface PageOfRows {
  rows: Row[];
  /** Where the next page begins; absent: this was the last. */
  next?: Cursor;
  /** Types whose owners could not all be asked; only with `partial`. */
  missing: string[];
}

/** One page, in the agreed order, over all owners. @throws FhirError 400 too-costly; 503 OWNER_DOWN; 404 NOT_SUPPORTED */
export async function searchPage(mesh: Mesh, request: PageRequest): Promise<PageOfRows> {
  const { search, partial = false } = request;
  const manner: Manner = { partial, missing: new Set() };
  const sort = search.sort.length > 0 ? search.sort : search.implicitSort ? [search.implicitSort] : [];
  const stages = mesh.stages ?? STAGES;
  const page = await inStages(stages, async (stage, isLast): Promise<Outcome<Part>> => {
    const plan = await planOf(mesh, search, stage, manner);
    if (plan.links.length === 0) return { found: await plainPage(mesh, plan, sort, request, manner) };
    const found = await probedPage(mesh, plan, sort, request, budgetOf(stage.probed, stage), manner);
    // Whoever pages on has had an answer that leads here: it may go on in shorter steps, but it must not end with an error.
    const isAnswer = !found.isSpent || (isLast && (found.rows.length > 0 || (request.after && found.next)));
    return isAnswer ? { found } : { refused: tooCostly(plan, stage.listed, stage.probed) };
  });
  return { rows: page.rows, ...(page.next && { next: page.next }), missing: [...manner.missing] };
}

/** How many resources match, over all owners. @throws as `searchPage` */
export async function countMatches(mesh: Mesh, type: string, search: ParsedSearch): Promise<number> {
  const manner: Manner = { partial: false, missing: new Set() };
  return inStages(mesh.stages ?? STAGES, async (stage): Promise<Outcome<number>> => {
    const plan = await planOf(mesh, search, stage, manner);
    if (plan.links.length === 0) return { found: await countAll(mesh, type, plan.clauses) };
    try {
      let count = 0;
      for await (const { rows } of passing(mesh, plan, { sort: [], first: COUNT_BATCH }, budgetOf(stage.counted, stage), manner))
        count += rows.length;
      return { found: count };
    } catch (error) {
      if (error instanceof Spent) return { refused: tooCostly(plan, stage.listed, stage.counted) };
      throw error;
    }
  });
}

/** Candidates that a count reads at a time. */
const COUNT_BATCH = 500;

type Outcome<Found> = { found: Found } | { refused: FhirError };

/** One way of doing it after the other, until one is not too costly. */
async function inStages<Found>(stages: Stage[], attempt: (stage: Stage, isLast: boolean) => Promise<Outcome<Found>>): Promise<Found> {
  let refused: FhirError | undefined;
  for (const [index, stage] of stages.entries()) {
    const outcome = await attempt(stage, index === stages.length - 1);
    if ("found" in outcome) return outcome.found;
    refused = outcome.refused;
  }
  throw refused;
}

const budgetOf = (rows: number, { ms }: Stage): Budget => ({ rows, until: performance.now() + ms });

interface Part {
  rows: Row[];
  next?: Cursor;
}

/** A page that the owners of the type can give by themselves. */
async function plainPage(
  mesh: Mesh,
  { type, clauses }: Plan,
  sort: SortKey[],
  { after, limit, maxBytes, refs, want = "rows" }: PageRequest,
  manner: Manner,
): Promise<Part> {
  const { rows, more } = await askAll(
    mesh,
    { type, clauses, sort, limit, maxBytes, want, ...(after && { after }), ...(refs && { refs }) },
    manner,
  );
  const last = rows.at(-1);
  return { rows, ...(more && last && { next: cursorOf(last) }) };
}

/** A page whose candidates are probed; `isSpent`: no further than the budget reached. */
async function probedPage(
  mesh: Mesh,
  plan: Plan,
  sort: SortKey[],
  { after, limit, maxBytes, refs, want = "rows" }: PageRequest,
  budget: Budget,
  manner: Manner,
): Promise<Part & { isSpent: boolean }> {
  const found: Row[] = [];
  let end: Cursor | undefined;
  let isSpent = false;
  try {
    const candidates = { sort, first: limit + 1, ...(after && { after }), ...(refs && { refs }) };
    for await (const batch of passing(mesh, plan, candidates, budget, manner)) {
      found.push(...batch.rows);
      end = batch.end;
      if (found.length > limit) break;
    }
  } catch (error) {
    if (!(error instanceof Spent)) throw error;
    isSpent = true;
  }
  const wanted = found.slice(0, limit);
  const isCut = found.length > limit;
  const next = isCut ? cursorOf(wanted.at(-1) as Row) : isSpent ? end : undefined;
  if (want === "ids" || wanted.length === 0)
    return { rows: wanted.map((row) => withRefs(row, refs)), isSpent: isSpent && !isCut, ...(next && { next }) };

  // Only now that it is known which ones, their JSON is read.
  const clauses = [...plan.clauses, { kind: "id" as const, any: wanted.map(({ id }) => id) }];
  const page = await askAll(mesh, { type: plan.type, clauses, sort, limit, maxBytes, want, ...(refs && { refs }) }, manner);
  const last = page.rows.at(-1);
  const onwards = page.more && last ? cursorOf(last) : next;
  return { rows: page.rows, isSpent: isSpent && !isCut, ...(onwards && { next: onwards }) };
}

const withRefs = ({ refs = [], ...row }: Row, slots: number[] | undefined): Row =>
  slots ? { ...row, refs: refs.filter(([slot]) => slots.includes(slot)) } : row;

function tooCostly({ type, links }: Plan, listed: number, probed: number): FhirError {
  const [link] = links as [Link, ...Link[]];
  const types = typesOf(link);
  const diagnostics = `${link.parameter} leads over more than ${listed} ${types} resources, and too few of the first ${probed} ${type} resources belong to one of them: narrow it by another condition on ${type}, or a narrower one on ${types}.`;
  return fhirError(400, "too-costly", diagnostics, link.parameter);
}
