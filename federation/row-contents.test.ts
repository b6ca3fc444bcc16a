import type { Clause, Page, Row, StoreQuery } from "../fhir/search/query.ts";
import type { Caller } from "../mesh/caller.ts";
import type { Directory } from "./directory.ts";
import type { QueryContext } from "./query-context.ts";
import { PIECE_BYTES, withContents } from "./row-contents.ts";

const SIZE = PIECE_BYTES / 4;
const recordOf = (seq: number, more: Partial<Row> = {}): Row => ({
  type: "Observation",
  id: `${seq}`,
  version: 1,
  updated: 0,
  seq,
  values: [],
  json: "x".repeat(SIZE),
  ...more,
});

/** One service that owns all types, and the JSON of each of its answers. */
function labOf(records: Row[], find: (row: Row, clauses: Clause[]) => boolean = () => true) {
  const answered: number[] = [];
  const turns: number[] = [];
  const search = ({ type, clauses, limit, jsonBytes = Number.POSITIVE_INFINITY }: StoreQuery): Page => {
    const ids = clauses.flatMap((clause) => (clause.kind === "id" ? clause.any : []));
    const found = records.filter((row) => row.type === type && ids.includes(row.id) && find(row, clauses));
    let bytes = 0;
    const rows = found.slice(0, limit).map(({ json = "", ...row }, index) => {
      bytes += json.length;
      return index === 0 || bytes <= jsonBytes ? { ...row, json } : row;
    });
    return { rows, more: found.length > limit };
  };
  const call = async (_: string, params: { query?: StoreQuery; queries?: StoreQuery[] }) => {
    const pages = (params.queries ?? [params.query as StoreQuery]).map(search);
    answered.push(pages.flatMap(({ rows }) => rows).reduce((sum, { json = "" }) => sum + json.length, 0));
    return params.queries ? pages : pages[0];
  };
  const directory = { known: () => [{ service: "lab", alive: true, holdsKeys: false }] } as unknown as Directory;
  const mesh: QueryContext = {
    caller: { call } as unknown as Caller,
    directory,
    becomeLarge: async () => void turns.push(answered.length),
  };
  return { mesh, answered, turns };
}

const without = ({ json: _, ...row }: Row): Row => row;
const all = Array.from({ length: 20 }, (_, seq) => recordOf(seq));
const read = (mesh: QueryContext, rows: Row[], maxBytes = Number.POSITIVE_INFINITY) =>
  withContents(
    mesh,
    { rows, clausesOf: () => [{ kind: "missing", slots: [1], missing: false }], maxBytes },
    { partial: false, missing: new Set() },
  );

describe("the resources of a page", () => {
  it("are read in pieces, in the page's order, and count as a large answer from the second on", async () => {
    const { mesh, answered, turns } = labOf(all);
    const asked = [...all].reverse().map(without);
    expect(await read(mesh, asked)).toMatchObject({ isCut: false, rows: [...all].reverse() });
    expect([answered.length, Math.max(...answered)]).toEqual([5, PIECE_BYTES]);
    expect(turns).toEqual([1, 2, 3, 4]);
  });

  it("are not read again if they came with the rows, and the next piece is the second", async () => {
    const { mesh, answered, turns } = labOf(all);
    expect((await read(mesh, all)).rows).toEqual(all);
    expect([answered, turns]).toEqual([[], []]);
    expect((await read(mesh, [...all.slice(0, 4), ...all.slice(4, 6).map(without)])).rows).toEqual(all.slice(0, 6));
    expect([answered, turns]).toEqual([[2 * SIZE], [0]]);
  });

  it("of several types are read in one piece", async () => {
    const conditions = all.map((row) => ({ ...row, type: "Condition" }));
    const { mesh, answered } = labOf([...all, ...conditions]);
    const asked = all.flatMap((row, index) => [row, conditions[index] as Row]);
    expect((await read(mesh, asked.map(without))).rows).toEqual(asked);
    expect(Math.max(...answered)).toBe(PIECE_BYTES);
  });

  it("end with the page's byte limit, without reading further", async () => {
    const { mesh, answered } = labOf(all);
    expect(await read(mesh, all.map(without), 5 * SIZE)).toMatchObject({ isCut: true, last: { id: "4" }, rows: all.slice(0, 5) });
    expect(answered.length).toBe(2);
    expect(await read(mesh, all.map(without), 1)).toMatchObject({ isCut: true, last: { id: "0" }, rows: all.slice(0, 1) });
  });

  it("are omitted if they were deleted meanwhile, and the page continues after them", async () => {
    const { mesh } = labOf(all.slice(0, 10));
    expect(await read(mesh, all.map(without))).toMatchObject({ isCut: false, last: { id: "19" }, rows: all.slice(0, 10) });
  });

  it("are matched with the search again if they were changed meanwhile", async () => {
    const changed = all.map((row) => ({ ...row, version: 2 }));
    // The even ones are found still.
    const { mesh } = labOf(changed, ({ seq }, clauses) => seq % 2 === 0 || !clauses.some(({ kind }) => kind === "missing"));
    expect((await read(mesh, all.map(without))).rows).toEqual(changed.filter(({ seq }) => seq % 2 === 0));
  });
});
