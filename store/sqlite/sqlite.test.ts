/** What only the SQLite store promises: its plans, its file, and a clear word when the file cannot be used. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Clause, SortKey, StoreQuery } from "../../fhir/search/query.ts";
import { parseTextQuery } from "../../fhir/search/text-query.ts";
import { create, named, update } from "../../test/kit/resources.ts";
import { sqliteKit, temporaryFolder } from "../../test/kit/stores.ts";
import { openSqlite, type SqliteStore } from "./sqlite-store.ts";
import type { StoreOptions } from "../store.ts";

const options: StoreOptions = { name: "test", indexVersion: "1", reindex: () => ({ keys: [], ranges: [] }) };
const key = (more: Partial<Extract<Clause, { kind: "key" }>>): Clause => ({ kind: "key", slots: [101], any: [{ eq: "~x" }], ...more });

/** Scans of what the statement itself has made (c, m, t, a list of values) are no scans of a table. */
const scansIn = (plan: string[]): string[] =>
  plan.filter((line) => /: SCAN (?!c$|m$|t$|j VIRTUAL|json_each VIRTUAL|words VIRTUAL|CONSTANT|\(subquery)/.test(line));

describe("the SQLite store", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => sqliteKit.clear(folder));

  const open = (more: Partial<StoreOptions> = {}) => openSqlite({ ...options, ...more, file: join(folder, "store.sqlite") });

  it("reads a long history in pieces, between which others proceed", async () => {
    const store = await open();
    for (let n = 0; n < 350; n++) await store.write([update("many")]);
    for (const query of [{ type: "Patient", id: "many" }, { type: "Patient" }, {}]) {
      const answered: string[] = [];
      const history = store.history({ ...query, limit: 1_000 }).then(({ versions, more }) => {
        answered.push("history");
        expect([versions.map(({ version }) => version), more]).toEqual([Array.from({ length: 350 }, (_, n) => 350 - n), false]);
      });
      await Promise.all([history, store.read("Patient", "many").then(() => answered.push("read"))]);
      expect(answered).toEqual(["read", "history"]);
      const cut = await store.history({ ...query, limit: 1_000, maxBytes: 15_000 });
      expect([cut.more, cut.versions.length > 100, cut.versions.reduce((sum, { json = "" }) => sum + json.length, 0) <= 15_000]).toEqual([
        true,
        true,
        true,
      ]);
    }
    await store.close();
  });

  describe("answers from an index", () => {
    const text = (json: string): [string, string] => [json, JSON.parse(json).name?.[0]?.family ?? ""];
    let store: SqliteStore;
    beforeEach(async () => {
      store = await openSqlite({ ...options, text, limits: { few: 3, window: 5 }, file: join(folder, "store.sqlite") });
      await store.write(
        Array.from({ length: 40 }, (_, i) => create(`p${i}`, { name: i % 2 ? "x" : `y${i}`, identifier: `${i}`, born: i })),
      );
    });
    afterEach(() => store.close());

    it("take nothing in a cursor as part of the statement", async () => {
      const seq = { text: "0 OR 1 = 1", values: [] } as unknown as number;
      const query: StoreQuery = { type: "Patient", clauses: [], sort: [], limit: 5, want: "rows", after: { values: [], seq, id: "" } };
      await expect(store.search(query)).rejects.toThrow(/cannot be bound/);
    });

    const clauses: [string, Clause[]][] = [
      ["nothing asked", []],
      ["a rare key", [key({ any: [{ eq: "~y2" }] })]],
      ["a common key", [key({})]],
      ["two common keys", [key({}), { kind: "key", slots: [102], any: [{ prefix: "=" }] }]],
      ["many values", [key({ any: Array.from({ length: 100 }, (_, i) => ({ eq: `~y${i}` })) })]],
      ["prefixes in two slots", [key({ slots: [101, 102], any: [{ prefix: "~y" }, { prefix: "=1" }] })]],
      ["many prefixes", [key({ any: Array.from({ length: 200 }, (_, i) => ({ prefix: `~y${i}` })) })]],
      [
        "a part",
        [
          key({
            any: [
              { facet: "~", contains: "3" },
              { facet: "~", ends: "4" },
            ],
          }),
        ],
      ],
      ["none of them", [key({ not: true })]],
      ["a range", [{ kind: "range", slots: [111], any: [{ highGe: 30 }, { lowLt: 2, highLe: 5_000, unit: { eq: "" } }] }]],
      ["outside of a range", [{ kind: "range", slots: [111], any: [{ lowGe: 30 }], not: true }]],
      ["missing", [{ kind: "missing", slots: [101, 111], missing: true }]],
      [
        "present",
        [
          { kind: "missing", slots: [101], missing: false, prefix: ["~"] },
          { kind: "missing", slots: [111], missing: false },
        ],
      ],
      [
        "ids",
        [
          { kind: "id", any: ["p1", "p2"] },
          { kind: "id", any: ["p3"], not: true },
        ],
      ],
      ["a time", [{ kind: "updated", any: [{ lowGe: 0, highLt: 9e12 }] }]],
      ["alternatives", [{ kind: "any", of: [[key({}), { kind: "updated", any: [{ lowGe: 0 }] }], [{ kind: "id", any: ["p4"] }]] }]],
      ["alternatives of which one cannot drive", [{ kind: "any", of: [[key({ not: true })], [key({})]] }]],
      [
        "full text",
        [
          { kind: "text", in: "content", any: parseTextQuery("y2 OR y4", "_content") },
          { kind: "text", in: "text", any: [{ all: ["y2"], none: ["y3"] }] },
        ],
      ],
    ];
    const sorts: SortKey[][] = [
      [],
      [{ by: "updated", desc: true }],
      [{ by: "id", desc: false }],
      [{ by: "key", slots: [101], facet: "~", desc: true }],
      [
        { by: "key", slots: [101, 102], facet: "~", desc: false },
        { by: "range", slots: [111], edge: "high", desc: true },
      ],
      [
        { by: "range", slots: [111], edge: "low", desc: false },
        { by: "id", desc: true },
      ],
    ];

    it.each(clauses)("%s, in any order, first page and next", async (_, asked) => {
      for (const sort of sorts) {
        const query: StoreQuery = { type: "Patient", clauses: asked, sort, limit: 2, want: "rows", refs: [102] };
        const { rows } = await store.search(query);
        const last = rows.at(-1);
        const next = last && { ...query, after: { values: last.values, seq: last.seq, id: last.id } };
        const plan = [query, ...(next ? [next] : [])].flatMap((one) => store.explainSearch(one));
        expect(scansIn(plan)).toEqual([]);
        expect(plan.length).toBeGreaterThan(2);
      }
    });

    it.each(clauses)("%s, at the end of a chain: all, in pages, and which of some", async (_, asked) => {
      for (const slots of [undefined, [102], [101, 102]]) {
        for (const limit of [2, 1_000]) {
          const plan = store.explainLinks({ type: "Patient", clauses: asked, ...(slots && { slots }), among: ["2", "p4"] }, limit);
          expect(scansIn(plan)).toEqual([]);
          expect(plan.length).toBeGreaterThan(2);
        }
      }
    });

    it("finds the words of a resource, and treats the search text as words only", async () => {
      const idsOf = async (query: string) => {
        const { rows } = await store.search({
          type: "Patient",
          clauses: [
            {
              kind: "text",
              in: "text",
              any: [{ all: [query], none: [query] }, ...(/\w/.test(query) ? parseTextQuery(query, "_text") : [])],
            },
          ],
          sort: [],
          limit: 9,
          want: "ids",
        });
        return rows.map(({ id }) => id);
      };
      expect(await idsOf("Y2")).toEqual(["p2"]);
      expect(await idsOf("y4 OR y2")).toEqual(["p2", "p4"]);
      for (const odd of ['"', "*", "a AND", "content:x", "NEAR(", "", "(((", "-x", 'y2" OR "y4']) await idsOf(odd);
    });
  });

  it("reads as many rows for each page, wherever it is", async () => {
    const store = await openSqlite({ ...options, limits: { few: 3, window: 5 }, file: join(folder, "store.sqlite") });
    await store.write(Array.from({ length: 400 }, (_, i) => create(`p${i}`, { name: "x", born: (i * 13) % 400 })));
    for (const sort of [[], [{ by: "range", slots: [111], edge: "low", desc: true }]] satisfies SortKey[][]) {
      const statements: number[] = [];
      let after: StoreQuery["after"];
      for (let page = 0; page < 38; page++) {
        const query: StoreQuery = { type: "Patient", clauses: [named("x")], sort, limit: 10, want: "ids", ...(after && { after }) };
        statements.push(store.explainSearch(query).length);
        const last = (await store.search(query)).rows.at(-1);
        after = last && { values: last.values, seq: last.seq, id: last.id };
      }
      expect(Math.max(...statements.slice(1))).toBeLessThanOrEqual(Math.min(...statements.slice(1)) * 1.5);
    }
    await store.close();
  });

  it("begins a search by date, ordered by date, at that date, without reading older rows", async () => {
    const store = await openSqlite({ ...options, limits: { few: 3, window: 5 }, file: join(folder, "store.sqlite") });
    await store.write(Array.from({ length: 400 }, (_, i) => create(`p${i}`, { born: (i * 13) % 400 })));
    const since = (born: number): StoreQuery => ({
      type: "Patient",
      clauses: [{ kind: "range", slots: [111], any: [{ lowGe: born }] }],
      sort: [{ by: "range", slots: [111], edge: "low", desc: false }],
      limit: 5,
      want: "ids",
    });
    expect(store.explainSearch(since(390)).length).toBeLessThanOrEqual(store.explainSearch(since(0)).length);
    expect((await store.search(since(390))).rows.map(({ values }) => values[0])).toEqual([390, 391, 392, 393, 394]);
    await store.close();
  });

  it("leaves one file after it is closed", async () => {
    const store = await open();
    await store.write([create("ann")]);
    await store.close();
    expect(await readdir(folder)).toEqual(["store.sqlite"]);
  });

  describe("reports why it cannot be used, and does not change the file", () => {
    it.each([
      ["is not a database", async (file: string) => writeFile(file, "Dear diary, ".repeat(1_000)), "not a store of OpenWard"],
      [
        "belongs to another program",
        async (file: string) => new DatabaseSync(file).exec("CREATE TABLE diary (day)"),
        "not a store of OpenWard",
      ],
      [
        "was written by a newer version",
        async (file: string) => {
          await (await openSqlite({ ...options, file })).close();
          const db = new DatabaseSync(file);
          db.exec("PRAGMA user_version = 99");
          db.close();
        },
        "newer version",
      ],
    ])("when it %s", async (_, make, sentence) => {
      const file = join(folder, "store.sqlite");
      await make(file);
      const before = await readFile(file);
      const error = await open().catch((refusal) => refusal);
      expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", data: { reason: expect.stringContaining(sentence) } });
      expect(await readFile(file)).toEqual(before);
    });

    it("if its folder does not exist", async () => {
      const file = join(folder, "nowhere", "store.sqlite");
      await expect(openSqlite({ ...options, file })).rejects.toMatchObject({
        type: "STORE_UNAVAILABLE",
        data: { reason: expect.stringContaining("folder") },
      });
    });

    it("if the disk is full: confirmed writes are kept, and it continues once there is room", async () => {
      const file = join(folder, "store.sqlite");
      const store = await openSqlite({ ...options, file, maxPages: 60 });
      const fill = async () => {
        for (let i = 0; ; i++) await store.write([create(`p${i}`, { name: "x".repeat(2_000) })]);
      };
      await expect(fill()).rejects.toMatchObject({
        type: "STORE_FULL",
        data: { reason: expect.stringContaining("full"), nothingWritten: true },
      });
      const living = await store.count("Patient", []);
      expect(living).toBeGreaterThan(5);
      await store.close();
      const again = await openSqlite({ ...options, file });
      expect(await again.count("Patient", [])).toBe(living);
      expect(await again.write([create("late")])).toMatchObject([{ outcome: "created" }]);
      await again.close();
    });
  });

  it("waits while another process writes, and sees that process's writes", async () => {
    const store = await open();
    const other = new DatabaseSync(join(folder, "store.sqlite"));
    other.exec("BEGIN IMMEDIATE");
    const writes = Promise.all(["a", "b", "c"].map((id) => store.write([create(id)])));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await store.read("Patient", "a")).toBeUndefined();
    other.exec("COMMIT");
    other.close();
    expect(await writes).toHaveLength(3);
    await store.close();
  });

  it("has the fences of a process that is alone in the file when there are too many for its memory", async () => {
    const store = await open();
    const places = Array.from({ length: 50_000 }, (_, id) => ({ type: "Patient", id: `p${id}`, version: 1 }));
    const fencing = { token: "one", expiresAt: Date.now() + 60_000 };
    await store.fence(places, fencing, { isAlone: true });
    const last = { type: "Patient", id: "last", version: 1 };
    await store.fence([last], fencing, { isAlone: true });
    for (const place of [places[0] as typeof last, last]) {
      const reliance = { on: [{ ...place, isOwn: false }], until: performance.now() + 60_000 };
      await expect(store.write([create("a")], undefined, reliance)).rejects.toMatchObject({ type: "FACTS_OUTDATED" });
    }
    await store.unfence([last], "one");
    const reliance = { on: [{ ...last, isOwn: false }], until: performance.now() + 60_000 };
    expect(await store.write([create("a")], undefined, reliance)).toMatchObject([{ outcome: "created" }]);
    await store.close();
  });

  it("commits the writes of one turn in one transaction", async () => {
    const store = await open();
    const results = await Promise.all(Array.from({ length: 50 }, (_, i) => store.write([create(`p${i}`)])));
    // All of one transaction have one time, and places next to each other.
    expect(new Set(results.map(([result]) => result?.updated)).size).toBe(1);
    await store.close();
  });
});
