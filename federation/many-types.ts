/**
 * Queries over several types at once (a whole compartment, a search over all types): rows are ordered by their sort values, if any, then by
 * type, then by creation. Two calls per owner and page, however many types: first the ids, then the resources.
 */
import type { Clause, Cursor, Page, Row, SortKey, StoreQuery } from "../fhir/search/query.ts";
import { addForEachOwner, askTogether, byValues, countOwners, cursorOf } from "./scatter-gather.ts";
import { compareText } from "../fhir/search/text-order.ts";
import type { Availability, QueryContext } from "./query-context.ts";

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
 * @param page.maxBytes limit of the JSON in it, and of what each owner is asked for at once; a page has at least one row
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

  const ofType = Map.groupBy(wanted, ({ type }) => type);
  const reads = new Map<string, StoreQuery[]>();
  for (const { type, sort = [] } of questions) {
    const any = ofType.get(type)?.map(({ id }) => id);
    // In the order of the page, so that what an owner omits beyond the byte limit comes after what it returns.
    if (any) {
      addForEachOwner(mesh, reads, { type, clauses: [{ kind: "id", any }], sort, limit: any.length, maxBytes, want: "rows" }, availability);
    }
  }
  const pages = await askTogether(mesh, reads);
  const read = new Map(rowsOf(pages).map((row) => [`${row.type}/${row.id}`, row]));
  const cut = new Set(pages.flatMap((page) => (page.more ? (page.rows[0] as Row).type : [])));

  const rows: Row[] = [];
  let bytes = 0;
  let last: Row | undefined;
  for (const one of wanted) {
    const row = read.get(`${one.type}/${one.id}`);
    bytes += row?.json?.length ?? 0;
    // A row that was not returned was deleted between the two queries, or omitted because of the byte limit.
    const isBeyond = row ? bytes > maxBytes : cut.has(one.type);
    if (rows.length > 0 && last && isBeyond) return { rows, next: placeOf(last) };
    if (row) rows.push({ ...row, seq: one.seq, values: one.values });
    last = one;
  }
  return { rows, ...(found.length > limit && last && { next: placeOf(last) }) };
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
  const served = questions.filter(({ type }) => mesh.directory.known(type).length > 0);
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
