/**
 * A search over all owners of a type (DESIGN §3): chains and `_has` are resolved from the inside out into sets of ids, the
 * owners each give one page in the agreed order, and the pages are merged by the keyset cursor. One call per owner and step.
 */
import { fhirError } from "../../fhir/outcome.ts";
import type { Chain, Criteria, Has, ParsedSearch } from "../../fhir/search/criteria.ts";
import { parametersOf } from "../../fhir/search/parameters.ts";
import type { Clause, Cursor, Page, Row, SortKey, StoreQuery } from "../../fhir/search/query.ts";
import type { Caller } from "../contract.ts";
import { ownerOf } from "./contract.ts";
import type { Directory } from "./directory.ts";
import { ownerDown } from "./errors.ts";

export interface Mesh {
  caller: Caller;
  directory: Directory;
}

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

export interface PageOfRows {
  rows: Row[];
  more: boolean;
  /** Types whose owners could not all be asked; only with `partial`. */
  missing: string[];
}

/** Ids that a chain may lead to; a longer list is refused, with what would narrow it. */
const MAX_CHAINED = 20_000;
/** Rows per call while a list of ids is collected. */
const BATCH = 5_000;

/** One page, in the agreed order, over all owners. @throws FhirError 400 too-costly; 503 OWNER_DOWN; 404 NOT_SUPPORTED */
export async function searchPage(mesh: Mesh, request: PageRequest): Promise<PageOfRows> {
  const { type, search, after, limit, maxBytes, refs, want = "rows", partial = false } = request;
  const missing = new Set<string>();
  const clauses = await resolved(mesh, search, { partial, missing });
  const sort = search.sort.length > 0 ? search.sort : search.implicitSort ? [search.implicitSort] : [];
  const query: StoreQuery = { type, clauses, sort, limit, maxBytes, want, ...(after && { after }), ...(refs && { refs }) };
  const page = await askAll(mesh, query, { partial, missing });
  return { ...page, missing: [...missing] };
}

/** How many resources match, over all owners. */
export async function countMatches(mesh: Mesh, type: string, search: ParsedSearch): Promise<number> {
  const clauses = await resolved(mesh, search, { partial: false, missing: new Set() });
  const counts = await Promise.all(mesh.directory.ownersOf(type).map((owner) => ownerOf(owner).count(mesh.caller, { type, clauses })));
  return counts.reduce((sum, count) => sum + count, 0);
}

export interface Manner {
  partial: boolean;
  missing: Set<string>;
}

/** The clauses of a search, with its chains and `_has` turned into sets of references and ids. */
export async function resolved(mesh: Mesh, criteria: Criteria, manner: Manner): Promise<Clause[]> {
  const { type, clauses, chains, has, lists } = criteria;
  if (chains.length === 0 && has.length === 0 && lists.length === 0) return clauses;
  const more = [
    ...chains.map((chain) => chained(mesh, chain, manner)),
    ...has.map((one) => having(mesh, type, one, manner)),
    ...lists.map((ids) => entriesOfLists(mesh, type, ids, manner)),
  ];
  return [...clauses, ...(await Promise.all(more))];
}

/** `subject:Patient.name=Ann`: the far owners name the resources, the near one is asked for references to them. */
async function chained(mesh: Mesh, { parameter, slots, isCanonical, any }: Chain, manner: Manner): Promise<Clause> {
  const references = await Promise.all(
    any.map(async (far) => {
      if (mesh.directory.known(far.type).length === 0) return [];
      const clauses = await resolved(mesh, far, manner);
      const refs = isCanonical ? addressSlots(far.type) : undefined;
      const found: string[] = [];
      for await (const row of allRows(mesh, { type: far.type, clauses, ...(refs && { refs }) }, manner, parameter)) {
        if (refs) found.push(...(row.refs ?? []).map(([, address]) => address));
        else found.push(`${far.type}/${row.id}`);
      }
      return found;
    }),
  );
  return { kind: "key", slots, any: references.flat().map((reference) => ({ eq: `=${reference}` })) };
}

/** `_has:Observation:patient:code=1234-5`: the far owners name what their matches refer to. */
async function having(mesh: Mesh, type: string, { parameter, slots, isCanonical, search: far }: Has, manner: Manner): Promise<Clause> {
  const referred = new Set<string>();
  if (mesh.directory.known(far.type).length > 0) {
    const clauses = await resolved(mesh, far, manner);
    for await (const row of allRows(mesh, { type: far.type, clauses, refs: slots }, manner, parameter)) {
      for (const [, reference] of row.refs ?? []) referred.add(reference);
    }
  }
  if (isCanonical)
    return { kind: "key", slots: addressSlots(type), any: [...referred].map((address) => ({ eq: `=${address.split("|", 1)[0]}` })) };
  const prefix = `${type}/`;
  return {
    kind: "id",
    any: [...referred].filter((reference) => reference.startsWith(prefix)).map((reference) => reference.slice(prefix.length)),
  };
}

/** `_list=42`: the resources of this type that the List has, those marked as deleted from it left out. */
async function entriesOfLists(mesh: Mesh, type: string, ids: string[], manner: Manner): Promise<Clause> {
  if (mesh.directory.known("List").length === 0) return { kind: "id", any: [] };
  const query: StoreQuery = { type: "List", clauses: [{ kind: "id", any: ids }], sort: [], limit: ids.length, want: "rows" };
  const { rows } = await askAll(mesh, query, manner);
  const prefix = `${type}/`;
  const entries = rows.flatMap(
    ({ json = "{}" }) => (JSON.parse(json) as { entry?: { deleted?: boolean; item?: { reference?: string } }[] }).entry ?? [],
  );
  const references = entries.filter(({ deleted }) => deleted !== true).map(({ item }) => item?.reference ?? "");
  return { kind: "id", any: [...new Set(references.filter((it) => it.startsWith(prefix)).map((it) => it.slice(prefix.length)))] };
}

/** Slots of the address by which a canonical reference names a resource of this type. */
export const addressSlots = (type: string): number[] => parametersOf(type).get("url")?.slots ?? [];

/** Every match, page by page, without its JSON. */
async function* allRows(
  mesh: Mesh,
  { type, clauses, refs }: { type: string; clauses: Clause[]; refs?: number[] },
  manner: Manner,
  code: string,
): AsyncGenerator<Row> {
  let after: Cursor | undefined;
  for (let seen = 0; ; ) {
    const query: StoreQuery = { type, clauses, sort: [], limit: BATCH, want: "ids", ...(refs && { refs }), ...(after && { after }) };
    const { rows, more } = await askAll(mesh, query, manner);
    yield* rows;
    seen += rows.length;
    const last = rows.at(-1);
    if (!more || !last) return;
    if (seen > MAX_CHAINED) {
      throw fhirError(
        400,
        "too-costly",
        `${code} leads over more than ${MAX_CHAINED} ${type} resources: narrow it by another condition on ${type}.`,
        code,
      );
    }
    after = { values: [], seq: last.seq, id: last.id };
  }
}

/** One page from every owner, merged. */
async function askAll({ caller, directory }: Mesh, query: StoreQuery, { partial, missing }: Manner): Promise<Page> {
  const { type } = query;
  const owners = partial ? livingOwners(directory, type, missing) : directory.ownersOf(type);
  const [only] = owners;
  if (only !== undefined && owners.length === 1) return ownerOf(only).search(caller, { query });
  const pages = await Promise.all(owners.map((owner) => ownerOf(owner).search(caller, { query })));
  return merge(pages, query);
}

function livingOwners(directory: Directory, type: string, missing: Set<string>): string[] {
  const known = directory.known(type);
  if (known.length === 0) return directory.ownersOf(type); // answers 404
  if (known.some((owner) => !owner.alive)) missing.add(type);
  return known.filter((owner) => owner.alive).map((owner) => owner.service);
}

/** Several owners' pages as one, in the agreed order; a resource on its way between two owners appears once, as the newer. */
function merge(pages: Page[], { sort, limit, maxBytes = Number.POSITIVE_INFINITY }: StoreQuery): Page {
  const all = pages.flatMap((page) => page.rows).sort((a, b) => inOrder(a, b, sort));
  // Behind the last row of a page that has more, that owner's rows are not known yet.
  const ends = pages.filter((page) => page.more).map((page) => page.rows.at(-1) as Row);
  const rows: Row[] = [];
  const places = new Map<string, number>();
  let bytes = 0;
  for (const row of all) {
    if (ends.some((end) => inOrder(row, end, sort) > 0)) break;
    const before = places.get(row.id);
    if (before !== undefined) {
      if (row.version > (rows[before] as Row).version) rows[before] = row;
      continue;
    }
    bytes += row.json?.length ?? 0;
    if (rows.length === limit || (rows.length > 0 && bytes > maxBytes)) return { rows, more: true };
    places.set(row.id, rows.length);
    rows.push(row);
  }
  return { rows, more: ends.length > 0 };
}

/** The agreed order: sort keys, a missing value last in both directions, then seq, then id. */
function inOrder(a: Row, b: Row, sort: SortKey[]): number {
  for (const [index, { desc }] of sort.entries()) {
    const x = a.values[index] ?? null;
    const y = b.values[index] ?? null;
    if (x === y) continue;
    if (x === null) return 1;
    if (y === null) return -1;
    const order = typeof x === "string" && typeof y === "string" ? byCodePoint(x, y) : x < y ? -1 : 1;
    if (order !== 0) return desc ? -order : order;
  }
  return a.seq - b.seq || byCodePoint(a.id, b.id);
}

/** As the stores compare text: by code point, where JavaScript compares UTF-16 units. */
function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const x = a.charCodeAt(index);
    const y = b.charCodeAt(index);
    if (x === y) continue;
    const isSurrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdfff;
    if (isSurrogate(x) !== isSurrogate(y)) return isSurrogate(x) ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

/** Several questions to several owners at once: one call per owner. */
export async function askOwners({ caller }: Mesh, perOwner: Map<string, StoreQuery[]>): Promise<Page[]> {
  const answers = await Promise.all(
    [...perOwner].map(async ([owner, queries]) => {
      const [only] = queries;
      if (only && queries.length === 1) return [await ownerOf(owner).search(caller, { query: only })];
      return ownerOf(owner).searchMany(caller, { queries });
    }),
  );
  return answers.flat();
}

/** Notes a question for every owner of its type. @throws 503 when one is down, unless `partial`: then the type is noted as missing */
export function askEachOwner(
  { directory }: Mesh,
  perOwner: Map<string, StoreQuery[]>,
  query: StoreQuery,
  { partial, missing }: Manner,
): void {
  for (const { service, alive } of directory.known(query.type)) {
    if (alive) perOwner.set(service, [...(perOwner.get(service) ?? []), query]);
    else if (partial) missing.add(query.type);
    else throw ownerDown(query.type);
  }
}
