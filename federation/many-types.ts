/**
 * Queries over several types at once (a whole compartment, a search over all types): rows are ordered by their sort values, if any, then by
 * type, then by creation. However many types there are, each owner is asked once for ids, and then for the resources in pieces.
 */
import type { Clause, Cursor, Page, Row, SortKey, StoreQuery } from "../fhir/search/query.ts";
import { withContents } from "./row-contents.ts";
import { addForEachOwner, askTogether, byValues, countOwners, cursorOf } from "./scatter-gather.ts";
import { compareText } from "../fhir/search/text-order.ts";
import type { Availability, QueryContext } from "./query-context.ts";
import { seesNothingOf } from "./unseen-types.ts";

/** The query of one of the types. */
export interface TypeQuestion {
  type: string;
  clauses: Clause[];
  /** The same keys for every type; each type has its own slots. */
  sort?: SortKey[];
}

/** The end of a page over several types. */
export interface TypesCursor {
  type: string;
  after: Cursor;
}

/** A page may have fewer rows than its limit, even none, although there are more. */
export interface TypesPage {
  rows: Row[];
  /** Start of the next page; absent: this was the last. */
  next?: TypesCursor;
}

/**
 * One page over several types.
 * @param questions in order of type
 * @param page.maxBytes limit of the JSON in it; a page has at least one row
 * @throws 503 OWNER_DOWN unless `availability.partial`
 */
export async function searchTypes(
  mesh: QueryContext,
  questions: TypeQuestion[],
  { limit, maxBytes, after }: { limit: number; maxBytes: number; after?: TypesCursor },
  availability: Availability,
): Promise<TypesPage> {
  const keys = questions[0]?.sort ?? [];
  const perOwner = new Map<string, StoreQuery[]>();
  for (const { type, clauses, sort = [] } of questions) {
    if (after && sort.length === 0 && type < after.type) continue;
    const from = after && placeIn(type, after, sort.length > 0);
    addForEachOwner(mesh, perOwner, { type, clauses, sort, limit: limit + 1, want: "ids", ...(from && { after: from }) }, availability);
  }
  const found = rowsOf(await askTogether(mesh, perOwner)).sort((a, b) => byValues(a, b, keys) || inOrder(a, b));
  const wanted = found.slice(0, limit);

  const clauses = new Map(questions.map((question) => [question.type, question.clauses]));
  const { rows, last, isCut } = await withContents(
    mesh,
    { rows: wanted, clausesOf: (type) => clauses.get(type) ?? [], maxBytes },
    availability,
  );
  return { rows, ...((isCut || found.length > limit) && last && { next: placeOf(last) }) };
}

const placeOf = (row: Row): TypesCursor => ({ type: row.type, after: cursorOf(row) });

/** Start of the next page within one type: of rows with the same sort values, those of earlier types precede it and those of later ones follow. */
function placeIn(type: string, { type: last, after }: TypesCursor, isSorted: boolean): Cursor | undefined {
  if (type === last) return after;
  if (!isSorted) return undefined;
  return { values: after.values, seq: type < last ? Number.MAX_SAFE_INTEGER : -1, id: "" };
}

/** Number of matches over all types and owners. @throws 503 OWNER_DOWN */
export async function countTypes(mesh: QueryContext, questions: TypeQuestion[]): Promise<number> {
  const served = questions.filter(({ type }) => mesh.directory.known(type).length > 0 && !seesNothingOf(mesh.caller, type));
  const counts = await Promise.all(served.map(({ type, clauses }) => countOwners(mesh, type, clauses)));
  return counts.reduce((sum, one) => sum + one, 0);
}

/** Each resource once: during a move between two owners it may be returned by both. */
function rowsOf(pages: Page[]): Row[] {
  const rows = new Map<string, Row>();
  for (const row of pages.flatMap((page) => page.rows)) {
    const key = `${row.type}/${row.id}`;
    const known = rows.get(key);
    if (!known || known.version < row.version) rows.set(key, row);
  }
  return [...rows.values()];
}

const inOrder = (a: Row, b: Row): number => compareText(a.type, b.type) || a.seq - b.seq || compareText(a.id, b.id);
