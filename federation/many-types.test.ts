import type { Page, Row, StoreQuery } from "../fhir/search/query.ts";
import type { Caller } from "../mesh/caller.ts";
import type { Directory } from "./directory.ts";
import { searchTypes, type TypesCursor } from "./many-types.ts";
import type { QueryContext } from "./query-context.ts";

const SIZE = 100; // characters of each record
const record = (type: string, seq: number): Row => ({
  type,
  id: `${type}-${seq}`,
  version: 1,
  updated: 0,
  seq,
  values: [],
  json: "x".repeat(SIZE),
});

/** One service that owns all types, and what it has answered. `isGone`: records that were deleted after their ids were told. */
function wardOf(records: Row[], isGone: (row: Row) => boolean = () => false) {
  const answered: number[] = []; // characters of JSON, per answer
  const search = ({ type, clauses, after, limit, maxBytes = Number.POSITIVE_INFINITY, want }: StoreQuery): Page => {
    const ids = clauses.flatMap((clause) => (clause.kind === "id" ? clause.any : []));
    const found = records.filter((row) => row.type === type && row.seq > (after?.seq ?? -1) && (ids.length === 0 || ids.includes(row.id)));
    if (want === "ids") return { rows: found.slice(0, limit).map(({ json: _, ...row }) => row), more: found.length > limit };
    const living = found.filter((row) => !isGone(row));
    const rows = living.slice(0, Math.max(1, Math.min(limit, Math.floor(maxBytes / SIZE))));
    return { rows, more: rows.length < living.length };
  };
  const call = async (_: string, params: { query?: StoreQuery; queries?: StoreQuery[] }) => {
    const pages = (params.queries ?? [params.query as StoreQuery]).map(search);
    answered.push(...pages.map(({ rows }) => rows.reduce((sum, { json = "" }) => sum + json.length, 0)));
    return params.queries ? pages : pages[0];
  };
  const directory = { known: () => [{ service: "ward", alive: true, holdsKeys: false }] } as unknown as Directory;
  const mesh: QueryContext = { caller: { call } as unknown as Caller, directory };
  return { mesh, answered };
}

/** The ids of each page, up to the last. */
async function walk(mesh: QueryContext, limit: number, maxBytes: number): Promise<string[][]> {
  const questions = ["Condition", "Encounter"].map((type) => ({ type, clauses: [] }));
  const pages: string[][] = [];
  for (let after: TypesCursor | undefined; ; ) {
    const { rows, next } = await searchTypes(
      mesh,
      questions,
      { limit, maxBytes, ...(after && { after }) },
      { partial: false, missing: new Set() },
    );
    pages.push(rows.map(({ id }) => id));
    if (!next) return pages;
    after = next;
  }
}

const ten = ["Condition", "Encounter"].flatMap((type) => [0, 1, 2, 3, 4].map((seq) => record(type, seq)));
const ids = ten.map(({ id }) => id);

describe("a page over several types", () => {
  it("asks no owner for more bytes of one type than it may hold, and omits nothing", async () => {
    const { mesh, answered } = wardOf(ten);
    const pages = await walk(mesh, 100, 2.5 * SIZE);
    expect(pages.flat()).toEqual(ids);
    expect(Math.max(...pages.map((page) => page.length))).toBe(2);
    expect(Math.max(...answered)).toBe(2 * SIZE);
  });

  it("contains a resource that is larger than the page limit", async () => {
    expect(await walk(wardOf(ten).mesh, 100, 1)).toEqual(ids.map((id) => [id]));
  });

  it("continues after resources that were all deleted while it was read", async () => {
    const isGone = ({ type, seq }: Row) => type === "Condition" && seq < 3;
    expect(await walk(wardOf(ten, isGone).mesh, 3, 100 * SIZE)).toEqual([[], ids.slice(3, 6), ids.slice(6, 9), ids.slice(9)]);
  });
});
