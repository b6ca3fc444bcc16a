/**
 * Questions over several types at once (a whole compartment, a search over all types): rows by their sort values, if any, then
 * type by type, within a type in the order of creation. Two calls per owner and page, however many types: which ids, then the resources.
 */
import type { Clause, Cursor, Page, Row, SortKey, StoreQuery } from "../../fhir/search/query.ts";
import { askEachOwner, askOwners, byValues, type Manner, type Mesh } from "./ask.ts";

export interface TypeQuestion {
  type: string;
  clauses: Clause[];
  /** The same keys for every type; each has its own slots. */
  sort?: SortKey[];
}

/** Where a page over several types ended. */
export interface TypesCursor {
  type: string;
  after: Cursor;
}

export interface TypesPage {
  rows: Row[];
  more: boolean;
}

/** @param questions in order of type @throws 503 OWNER_DOWN unless `manner.partial` */
export async function searchTypes(
  mesh: Mesh,
  questions: TypeQuestion[],
  { limit, maxBytes, after }: { limit: number; maxBytes: number; after?: TypesCursor },
  manner: Manner,
): Promise<TypesPage> {
  const keys = questions[0]?.sort ?? [];
  const perOwner = new Map<string, StoreQuery[]>();
  for (const { type, clauses, sort = [] } of questions) {
    if (after && sort.length === 0 && type < after.type) continue;
    const from = after && placeIn(type, after, sort.length > 0);
    askEachOwner(mesh, perOwner, { type, clauses, sort, limit: limit + 1, want: "ids", ...(from && { after: from }) }, manner);
  }
  const found = rowsOf(await askOwners(mesh, perOwner)).sort((a, b) => byValues(a, b, keys) || inOrder(a, b));
  const wanted = found.slice(0, limit);

  const byType = new Map<string, string[]>();
  for (const { type, id } of wanted) byType.set(type, [...(byType.get(type) ?? []), id]);
  const reads = new Map<string, StoreQuery[]>();
  for (const [type, ids] of byType) {
    askEachOwner(
      mesh,
      reads,
      { type, clauses: [{ kind: "id", any: ids }], sort: [], limit: ids.length, maxBytes: Number.MAX_SAFE_INTEGER, want: "rows" },
      manner,
    );
  }
  const read = new Map(rowsOf(await askOwners(mesh, reads)).map((row) => [`${row.type}/${row.id}`, row]));

  const rows: Row[] = [];
  let bytes = 0;
  for (const { type, id, seq, values } of wanted) {
    const row = read.get(`${type}/${id}`);
    if (!row) continue; // deleted between the two questions
    bytes += row.json?.length ?? 0;
    if (rows.length > 0 && bytes > maxBytes) return { rows, more: true };
    rows.push({ ...row, seq, values });
  }
  return { rows, more: found.length > limit };
}

/** Where to go on in one type: of rows with the same sort values those of earlier types came before, those of later ones come. */
function placeIn(type: string, { type: last, after }: TypesCursor, isSorted: boolean): Cursor | undefined {
  if (type === last) return after;
  if (!isSorted) return undefined;
  return { values: after.values, seq: type < last ? Number.MAX_SAFE_INTEGER : -1, id: "" };
}

/** How many resources match, over all types and owners. */
export async function countTypes(
  mesh: Mesh,
  questions: TypeQuestion[],
  count: (type: string, clauses: Clause[]) => Promise<number>,
): Promise<number> {
  const served = questions.filter(({ type }) => mesh.directory.known(type).length > 0);
  const counts = await Promise.all(served.map(({ type, clauses }) => count(type, clauses)));
  return counts.reduce((sum, one) => sum + one, 0);
}

/** Each resource once: one on its way between two owners may be seen with both. */
function rowsOf(pages: Page[]): Row[] {
  const rows = new Map<string, Row>();
  for (const row of pages.flatMap((page) => page.rows)) {
    const key = `${row.type}/${row.id}`;
    const known = rows.get(key);
    if (!known || known.version < row.version) rows.set(key, row);
  }
  return [...rows.values()];
}

const text = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const inOrder = (a: Row, b: Row): number => text(a.type, b.type) || a.seq - b.seq || text(a.id, b.id);
