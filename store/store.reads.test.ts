/** What is read of many resources: history, search, and the keys by which chains are joined. */
import { create, named, nothing, remove, update } from "../test/kit/resources.ts";
import { freshStore, stores } from "../test/kit/stores.ts";
import type { HistoryQuery, StoredResource } from "./store.ts";

describe.each(stores)("reads of many resources in $name", (kit) => {
  const opened = freshStore(kit);
  describe("history", () => {
    beforeEach(async () => {
      await opened.store.write([create("ann"), create("bob"), { ...create("o1"), type: "Observation", index: nothing }]);
      await opened.store.write([update("ann")]);
      await opened.store.write([update("ann"), remove("bob")]);
    });

    const pages = async (query: Omit<HistoryQuery, "limit">, limit: number): Promise<StoredResource[]> => {
      const all: StoredResource[] = [];
      for (let before: HistoryQuery["before"]; ; ) {
        const { versions, more } = await opened.store.history({ ...query, limit, ...(before && { before }) });
        all.push(...versions);
        before = versions.at(-1);
        if (!more) return all;
      }
    };
    const names = (versions: StoredResource[]) => versions.map(({ type, id, version }) => `${type}/${id}/${version}`);

    it.each([1, 2, 100])("of everything is newest first, in pages of %i", async (limit) => {
      const all = await pages({}, limit);
      expect(names(all).sort()).toEqual([
        "Observation/o1/1",
        "Patient/ann/1",
        "Patient/ann/2",
        "Patient/ann/3",
        "Patient/bob/1",
        "Patient/bob/2",
      ]);
      const order = all.map(({ updated, type, id, version }) => [updated, type, id, version] as const);
      for (const [i, next] of order.slice(1).entries()) {
        expect(order[i]?.join() === next.join() ? 0 : compare(order[i] as never, next)).toBe(1);
      }
    });

    it.each([1, 100])("of a type and of one patient, in pages of %i", async (limit) => {
      expect(names(await pages({ type: "Patient" }, limit))).toHaveLength(5);
      expect(names(await pages({ type: "Patient", id: "ann" }, limit))).toEqual(["Patient/ann/3", "Patient/ann/2", "Patient/ann/1"]);
      expect(names(await pages({ type: "Group" }, limit))).toEqual([]);
    });

    it("can be limited to a time and to a page size", async () => {
      const { updated = 0 } = (await opened.store.readVersion("Patient", "ann", 2)) ?? {};
      expect(names(await pages({ type: "Patient", id: "ann", since: updated }, 10))).toContain("Patient/ann/2");
      expect(names(await pages({ type: "Patient", id: "ann", until: updated - 1 }, 10))).not.toContain("Patient/ann/2");
      expect(await opened.store.history({ limit: 10, maxBytes: 1 })).toMatchObject({ versions: [{}], more: true });
    });
  });

  describe("search", () => {
    it("ends a page before it gets too large", async () => {
      await opened.store.write(["a", "b", "c"].map((id) => create(id, { name: "Ann" })));
      const page = await opened.store.search({
        type: "Patient",
        clauses: [named("Ann")],
        sort: [],
        limit: 10,
        want: "rows",
        maxBytes: 300,
      });
      expect(page).toMatchObject({ rows: [{ id: "a" }, { id: "b" }], more: true });
      expect(
        await opened.store.search({ type: "Patient", clauses: [named("Ann")], sort: [], limit: 10, want: "rows", maxBytes: 1 }),
      ).toMatchObject({ rows: [{ id: "a" }], more: true });
    });

    it.each([
      ["all of them", 3_000, 3],
      ["those that fit", 300, 2],
      ["the first, however large", 1, 1],
    ])("tells of all rows of a page, with the JSON of %s", async (_, jsonBytes, count) => {
      await opened.store.write(["a", "b", "c", "d"].map((id) => create(id, { name: "Ann" })));
      for (const sort of [[], [{ by: "id" as const, desc: false }]]) {
        const query = { type: "Patient", clauses: [named("Ann")], sort, limit: 3, want: "rows" as const, refs: [102], jsonBytes };
        const { rows, more } = await opened.store.search(query);
        expect(rows.map(({ id, refs }) => [id, refs])).toEqual(["a", "b", "c"].map((id) => [id, []]));
        expect([rows.filter(({ json }) => json !== undefined).length, rows.findLastIndex(({ json }) => json !== undefined), more]).toEqual([
          count,
          count - 1,
          true,
        ]);
      }
    });

    it("returns included resources with the matches", async () => {
      await opened.store.write([create("ann", { name: "Ann", identifier: "1" })]);
      const { rows } = await opened.store.search({ type: "Patient", clauses: [], sort: [], limit: 10, want: "ids", refs: [102, 101] });
      expect(rows).toMatchObject([{ id: "ann", refs: [[102, "1"]] }]);
      expect(rows[0]).not.toHaveProperty("json");
    });

    it("returns the counters of the same moment, which tell whether anything moved", async () => {
      await opened.store.write([create("ann"), { op: "add", counter: "came", by: 2 }]);
      const question = { type: "Patient", clauses: [], sort: [], limit: 10, want: "ids" as const };
      expect(await opened.store.search(question, undefined, ["came", "gone"])).toMatchObject({ rows: [{ id: "ann" }], counted: [2, 0] });
      expect(await opened.store.search(question)).not.toHaveProperty("counted");
      await opened.store.write([{ op: "add", counter: "gone", by: 1 }]);
      expect(await opened.store.search(question, undefined, ["came", "gone"])).toMatchObject({ counted: [2, 1] });
    });

    it("reads many resources at once, in the requested order", async () => {
      const ids = Array.from({ length: 250 }, (_, n) => `p${n}`);
      await opened.store.write(ids.map((id) => create(id)));
      const asked = [...ids.toReversed(), "nobody", "p7"];
      const found = await opened.store.readAll(asked.map((id) => ["Patient", id]));
      expect(found.map((one) => one?.id)).toEqual([...ids.toReversed(), undefined, "p7"]);
    });

    it("continues after a cursor of another store, whose positions differ", async () => {
      await opened.store.write([create("ann"), create("bob")]);
      const { rows } = await opened.store.search({ type: "Patient", clauses: [], sort: [], limit: 10, want: "ids" });
      const [ann] = rows;
      const after = { values: [], seq: ann?.seq ?? 0, id: "a" };
      expect(await opened.store.search({ type: "Patient", clauses: [], sort: [], limit: 10, want: "ids", after })).toMatchObject({
        rows: [{ id: "ann" }, { id: "bob" }],
      });
      expect(
        await opened.store.search({ type: "Patient", clauses: [], sort: [], limit: 10, want: "ids", after: { ...after, id: "z" } }),
      ).toMatchObject({ rows: [{ id: "bob" }] });
    });
  });

  describe("joinKeys", () => {
    const all = { type: "Patient", clauses: [] };
    beforeEach(async () => {
      await opened.store.write([
        create("ann", { name: "Ann", identifier: "1" }),
        create("bob", { name: "Bob", identifier: "1" }),
        create("cid", { name: "Ann", identifier: "2" }),
        create("dee", { name: "Ann" }),
        create("eve", { name: "Ann", identifier: "3" }),
      ]);
      await opened.store.write([remove("eve")]);
    });

    it("returns the ids of the matches or of what they refer to, each once", async () => {
      expect((await opened.store.joinKeys({ type: "Patient", clauses: [named("Ann")], limit: 10 })).values.toSorted()).toEqual([
        "ann",
        "cid",
        "dee",
      ]);
      expect((await opened.store.joinKeys({ ...all, slots: [102], limit: 10 })).values.toSorted()).toEqual(["1", "2"]);
      expect(await opened.store.joinKeys({ type: "Practitioner", clauses: [], limit: 10 })).toEqual({ values: [] });
    });

    it("returns pages, each of a number of resources", async () => {
      const first = await opened.store.joinKeys({ ...all, slots: [102], limit: 2 });
      expect(first).toEqual({ values: ["1"], next: expect.any(Number) });
      expect(await opened.store.joinKeys({ ...all, slots: [102], limit: 2, after: first.next as number })).toEqual({ values: ["2"] });
    });

    it("returns nothing if a complete list is needed and too long", async () => {
      expect(await opened.store.joinKeys({ ...all, limit: 3, whole: true })).toEqual({ values: [], next: 0 });
      expect((await opened.store.joinKeys({ ...all, limit: 4, whole: true })).values).toHaveLength(4);
    });

    it("tells by which of some ids or references a match was found", async () => {
      const anns = { type: "Patient", clauses: [named("Ann")] };
      expect((await opened.store.joinKeysAmong({ ...anns, among: ["ann", "bob", "dee", "eve", "nobody"] })).toSorted()).toEqual([
        "ann",
        "dee",
      ]);
      expect(await opened.store.joinKeysAmong({ ...all, among: ["bob", "eve"] })).toEqual(["bob"]);
      expect((await opened.store.joinKeysAmong({ ...anns, slots: [102], among: ["1", "2", "3", "4"] })).toSorted()).toEqual(["1", "2"]);
      expect(await opened.store.joinKeysAmong({ ...anns, slots: [102], among: [] })).toEqual([]);
      expect((await opened.store.referredTo([{ type: "Patient", slots: [101, 102] }], ["1", "2", "3"])).toSorted()).toEqual(["1", "2"]);
      expect(await opened.store.referredTo([{ type: "Patient", slots: [103] }], ["1"])).toEqual([]);
      const both = [
        { type: "Observation", slots: [103] },
        { type: "Patient", slots: [102] },
      ];
      expect((await opened.store.referredTo(both, ["1", "2", "4"])).toSorted()).toEqual(["1", "2"]);
    });

    it("finds references from a type that this process, or another one, is the first to store", async () => {
      const accounts = [{ type: "Account", slots: [102] }];
      const invoices = [{ type: "Invoice", slots: [102] }];
      expect([await opened.store.referredTo(accounts, ["a"]), await opened.store.referredTo(invoices, ["a"])]).toEqual([[], []]);
      await opened.store.write([create("own", { identifier: "a" }, { type: "Account" })]);
      expect(await opened.store.referredTo(accounts, ["a"])).toEqual(["a"]);
      const other = await kit.open(opened.folder);
      await other.write([create("others", { identifier: "a" }, { type: "Invoice" })]);
      await other.close();
      expect(await opened.store.referredTo(invoices, ["a"])).toEqual(["a"]);
    });
  });
});

/** 1 when `a` comes after `b` in time, type, id and version. */
function compare(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  const i = a.findIndex((value, at) => value !== b[at]);
  return (a[i] as string) > (b[i] as string) ? 1 : -1;
}
