/** Queries to the owners of a type: one call to each, and their pages merged in the common order. */
import { compareText } from "../fhir/search/text-order.ts";
import { parametersOf } from "../fhir/search/parameters.ts";
import type { Clause, Cursor, Page, Row, SortKey, StoreQuery } from "../fhir/search/query.ts";
import { mayLackMoved, type MovesSeen } from "./moves.ts";
import { ownerOf, type TaggedPage } from "./owner-contract.ts";
import type { Directory } from "./directory.ts";
import { answerIn, type Availability, budgetFor, type QueryContext, spend } from "./query-context.ts";
import { ownerDown } from "./errors.ts";
import { seesNothingOf } from "./unseen-types.ts";
import { asksForAuthors, authorPage, authorRows } from "./version-authors.ts";

/** Slots of the URL by which canonical references name a resource of this type; none for a type without one. */
export const canonicalUrlSlots = (type: string): number[] => parametersOf(type).get(CANONICAL_URL)?.slots ?? [];

/** R4 defines this parameter for exactly those types that have a canonical URL. */
const CANONICAL_URL = "url";

/** The cursor after this row. */
export const cursorOf = ({ values, seq, id }: Row): Cursor => ({ values, seq, id });

/** One page from every owner, merged; for Provenance also those derived from authors (`version-authors.ts`). */
export async function searchOwners(mesh: QueryContext, query: StoreQuery, availability: Availability): Promise<Page> {
  const { caller, directory } = mesh;
  const owners = ownersToAsk(directory, query.type, availability);
  const [only] = owners;
  const hasAuthors = asksForAuthors(mesh, query.type);
  const search = async (owner: string) => {
    const page = await ownerOf(owner).search(caller, { query, ...budgetFor(mesh) });
    spend(mesh, [page]);
    return page;
  };
  if (only !== undefined && owners.length === 1 && !hasAuthors) return search(only);
  const [pages, authors] = await Promise.all([
    untilWhole(() => Promise.all(owners.map(search))),
    hasAuthors ? authorPage(mesh, query, (a, b) => inOrder(a, b, query.sort)) : undefined,
  ]);
  return merge(authors ? [...pages, authors] : pages, query);
}

/** Limit of repeated reads of several owners; more are needed only where resources move all the time. */
const MAX_LOOKS = 10;

/** Reads the pages of several owners again until none of them lacks a resource that moved between the owners meanwhile. */
async function untilWhole(look: () => Promise<TaggedPage[]>): Promise<TaggedPage[]> {
  let pages = await look();
  for (let looks = 1; looks < MAX_LOOKS && mayLackMoved(pages.map(({ moves }) => moves)); looks += 1) pages = await look();
  return pages;
}

/** Number of matches over all owners of the type. @throws 404 when it has no owner; 503 when one is down */
export async function countOwners(mesh: QueryContext, type: string, clauses: Clause[]): Promise<number> {
  const { caller, directory } = mesh;
  const count = async (owner: string) => answerIn(mesh, await ownerOf(owner).count(caller, { type, clauses, ...budgetFor(mesh) }));
  const made = asksForAuthors(mesh, type) ? (await authorRows(mesh, { clauses, sort: [], want: "ids" })).length : 0;
  const counts = await Promise.all(directory.ownersOf(type).map(count));
  return counts.reduce((sum, one) => sum + one, made);
}

/** @throws 404 when the type has no owner; 503 when one is down, unless `partial`: then the type is added to `missing` */
export function ownersToAsk(directory: Directory, type: string, { partial, missing }: Availability): string[] {
  const known = directory.known(type);
  if (!partial || known.length === 0) return directory.ownersOf(type);
  if (known.some((owner) => !owner.alive)) missing.add(type);
  return known.filter((owner) => owner.alive).map((owner) => owner.service);
}

/** Merges the pages of several owners in the common order; a resource that is moving between owners appears once, in its newer version. */
function merge(pages: Page[], { sort, limit, maxBytes = Number.POSITIVE_INFINITY }: StoreQuery): Page {
  const all = pages.flatMap((page) => page.rows).sort((a, b) => inOrder(a, b, sort));
  // After the last row of a page that has more, the owner's further rows are not known yet.
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

/** The common order: sort keys, then seq, then id. */
const inOrder = (a: Row, b: Row, sort: SortKey[]): number => byValues(a, b, sort) || a.seq - b.seq || compareText(a.id, b.id);

/** By the sort keys alone: a missing value comes last in both directions. */
export function byValues(a: Row, b: Row, sort: Pick<SortKey, "desc">[]): number {
  for (const [index, { desc }] of sort.entries()) {
    const x = a.values[index] ?? null;
    const y = b.values[index] ?? null;
    if (x === y) continue;
    if (x === null) return 1;
    if (y === null) return -1;
    const order = typeof x === "string" && typeof y === "string" ? compareText(x, y) : x < y ? -1 : 1;
    if (order !== 0) return desc ? -order : order;
  }
  return 0;
}

/** Several queries to several owners at once: one call per owner. */
export async function askTogether(mesh: QueryContext, perOwner: Map<string, StoreQuery[]>): Promise<Page[]> {
  const { caller } = mesh;
  const look = () =>
    Promise.all(
      [...perOwner].map(async ([owner, queries]) => {
        const [only] = queries;
        const within = budgetFor(mesh);
        const isOne = only && queries.length === 1;
        const pages = isOne
          ? [await ownerOf(owner).search(caller, { query: only, ...within })]
          : await ownerOf(owner).searchMany(caller, { queries, ...within });
        spend(mesh, pages);
        return pages;
      }),
    );
  const asked = [...perOwner.values()];
  let answers = await look();
  for (let looks = 1; looks < MAX_LOOKS && mayLack(answers, asked); looks += 1) answers = await look();
  return answers.flat();
}

/** Whether the owners' answers may lack resources of any type that moved between the owners meanwhile. */
function mayLack(answers: TaggedPage[][], asked: StoreQuery[][]): boolean {
  const byType = new Map<string, MovesSeen[]>();
  for (const [owner, pages] of answers.entries()) {
    const own = new Map<string, MovesSeen>();
    for (const [index, { moves }] of pages.entries()) {
      const { type } = asked[owner]?.[index] ?? {};
      if (!moves || type === undefined) continue;
      const { came, gone } = own.get(type) ?? moves;
      own.set(type, { came: Math.min(came, moves.came), gone: Math.max(gone, moves.gone) });
    }
    for (const [type, seen] of own) byType.set(type, [...(byType.get(type) ?? []), seen]);
  }
  return [...byType.values()].some((seen) => seen.length > 1 && mayLackMoved(seen));
}

/** Adds a query for every owner of its type. @throws 503 when one is down that could show something to the caller, unless `partial`: then the type is added to `missing` */
export function addForEachOwner(
  { directory, caller }: QueryContext,
  perOwner: Map<string, StoreQuery[]>,
  query: StoreQuery,
  { partial, missing }: Availability,
): void {
  for (const { service, alive } of directory.known(query.type)) {
    if (alive) {
      const queries = perOwner.get(service);
      if (queries) queries.push(query);
      else perOwner.set(service, [query]);
    } else if (seesNothingOf(caller, query.type)) return;
    else if (partial) missing.add(query.type);
    else throw ownerDown(query.type, service);
  }
}
