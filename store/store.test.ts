/** What a store promises, one process and one writer at a time. See store.races.test.ts for many. */
import { create, identified, inBed, indexOf, named, nothing, remove, unlessIdentified, update } from "../test/kit/resources.ts";
import { stores, temporaryFolder } from "../test/kit/stores.ts";
import type { HistoryQuery, Store, StoredResource } from "./store.ts";

describe.each(stores)("the store in $name", (kit) => {
  let folder: string;
  let store: Store;

  beforeAll(() => kit.start(), 60_000);
  afterAll(() => kit.stop());
  beforeEach(async () => {
    folder = await temporaryFolder();
    store = await kit.open(folder);
  });
  afterEach(async () => {
    await store.close();
    await kit.clear(folder);
  });

  const idsOf = async (name: string): Promise<string[]> => {
    const { rows } = await store.search({ type: "Patient", clauses: [named(name)], sort: [], limit: 100, want: "ids" });
    return rows.map(({ id }) => id);
  };

  describe("versions", () => {
    it("gives back a patient as FHIR JSON with its version and time", async () => {
      const [result] = await store.write([create("ann", { name: "Ann" })]);
      expect(result).toMatchObject({ type: "Patient", id: "ann", version: 1, outcome: "created" });
      const lastUpdated = new Date(result?.updated ?? 0).toISOString();
      expect(JSON.parse(result?.json ?? "")).toEqual({
        resourceType: "Patient",
        id: "ann",
        meta: { versionId: "1", lastUpdated },
        name: [{ family: "Ann" }],
      });
      expect(await store.read("Patient", "ann")).toMatchObject({
        version: 1,
        method: "create",
        updated: result?.updated,
        json: result?.json,
      });
    });

    it("knows no patient who was never there", async () => {
      expect(await store.read("Patient", "nobody")).toBeUndefined();
      expect(await store.readVersion("Patient", "nobody", 1)).toBeUndefined();
      expect(await store.search({ type: "Patient", clauses: [], sort: [], limit: 10, want: "rows" })).toEqual({ rows: [], more: false });
    });

    it("refuses an id that is taken", async () => {
      await store.write([create("ann")]);
      await expect(store.write([create("bob"), create("ann")])).rejects.toMatchObject({ type: "ID_TAKEN", step: 1 });
      await store.write([remove("ann")]);
      expect(await store.write([create("ann")])).toMatchObject([{ outcome: "created", version: 3 }]);
      expect(await store.read("Patient", "bob")).toBeUndefined();
    });

    it("counts versions over updates and deletions, and keeps each of them", async () => {
      await store.write([create("ann", { name: "Ann" })]);
      await store.write([update("ann", { name: "Anna" })]);
      expect(await store.write([remove("ann")])).toMatchObject([{ version: 3, outcome: "deleted" }]);
      expect(await store.write([update("ann", { name: "Hanna" })])).toMatchObject([{ version: 4, outcome: "created" }]);
      expect(await store.readVersion("Patient", "ann", 1)).toMatchObject({ method: "create", json: expect.stringContaining('"Ann"') });
      expect(await store.readVersion("Patient", "ann", 2)).toMatchObject({ method: "update", json: expect.stringContaining('"Anna"') });
      const deletion = await store.readVersion("Patient", "ann", 3);
      expect(deletion).toMatchObject({ version: 3, method: "delete" });
      expect(deletion).not.toHaveProperty("json");
      expect(await store.readVersion("Patient", "ann", 5)).toBeUndefined();
    });

    it("reads a deleted patient as deleted and finds it no more", async () => {
      await store.write([create("ann", { name: "Ann" }), create("bob", { name: "Ann" })]);
      await store.write([remove("ann")]);
      expect(await store.read("Patient", "ann")).toMatchObject({ version: 2, method: "delete" });
      expect(await idsOf("Ann")).toEqual(["bob"]);
      expect(await store.count("Patient", [])).toBe(1);
    });

    it("changes nothing when there is nothing to delete", async () => {
      expect(await store.write([remove("ann")])).toMatchObject([{ version: 0, outcome: "none" }]);
      await store.write([create("ann")]);
      await store.write([remove("ann")]);
      expect(await store.write([remove("ann")])).toMatchObject([{ version: 2, outcome: "none" }]);
    });

    it("updates only the version that the writer has seen", async () => {
      await store.write([create("ann")]);
      await store.write([update("ann", {}, { ifVersion: [1] })]);
      await expect(store.write([update("ann", {}, { ifVersion: [1] })])).rejects.toMatchObject({
        type: "STALE_VERSION",
        data: { version: 2 },
      });
      await expect(store.write([update("bob", {}, { ifVersion: [1] })])).rejects.toMatchObject({
        type: "STALE_VERSION",
        data: { version: 0 },
      });
      await expect(store.write([remove("ann", { ifVersion: [7] })])).rejects.toMatchObject({ type: "STALE_VERSION" });
      expect(await store.write([remove("ann", { ifVersion: [7, 2] })])).toMatchObject([{ outcome: "deleted" }]);
      for (const id of ["ann", "bob"]) {
        await expect(store.write([remove(id, { ifVersion: [1, 2, 3] })])).rejects.toMatchObject({
          type: "STALE_VERSION",
          data: { version: 0 },
        });
      }
    });

    it("creates by update only where that is allowed", async () => {
      await expect(store.write([update("ann", {}, { upsert: false })])).rejects.toMatchObject({ type: "NOT_FOUND" });
      expect(await store.write([update("ann")])).toMatchObject([{ version: 1, outcome: "created" }]);
      expect(await store.write([update("ann", {}, { upsert: false })])).toMatchObject([{ version: 2, outcome: "updated" }]);
    });

    it("replaces what a patient is found by", async () => {
      await store.write([create("ann", { name: "Ann", identifier: "1" })]);
      await store.write([update("ann", { name: "Anna", identifier: "1" })]);
      expect([await idsOf("Ann"), await idsOf("Anna"), await store.count("Patient", [identified("1")])]).toEqual([[], ["ann"], 1]);
    });

    it("keeps an updated patient's place in the order of creation", async () => {
      await store.write([create("ann", { name: "X" })]);
      await store.write([create("bob", { name: "X" })]);
      await store.write([update("ann", { name: "X" })]);
      expect(await idsOf("X")).toEqual(["ann", "bob"]);
    });

    it("lets a resource move to another owner and back, with its versions counted on", async () => {
      await store.write([create("ann", { name: "Ann" })]);
      await store.write([update("ann", { name: "Ann" }), remove("ann", { moved: true })]);
      expect(await store.read("Patient", "ann")).toBeUndefined();
      expect(await store.readVersion("Patient", "ann", 2)).toMatchObject({ method: "update" });
      expect(await idsOf("Ann")).toEqual([]);
      expect(await store.write([update("ann", { name: "Ann" }, { since: 5 })])).toMatchObject([{ version: 5, outcome: "created" }]);
      const { versions } = await store.history({ type: "Patient", id: "ann", limit: 10 });
      expect(versions.map(({ version }) => version)).toEqual([5, 2, 1]);
    });
  });

  describe("a write of several steps", () => {
    it("does all of them or none", async () => {
      await store.write([create("ann", { name: "Ann" })]);
      const steps = [
        update("ann", { name: "Anna" }),
        create("bob"),
        { op: "add" as const, counter: "stock", by: 5 },
        update("x", {}, { upsert: false }),
      ];
      await expect(store.write(steps)).rejects.toMatchObject({ type: "NOT_FOUND", step: 3 });
      expect(await store.read("Patient", "ann")).toMatchObject({ version: 1 });
      expect(await store.read("Patient", "bob")).toBeUndefined();
      expect([await idsOf("Ann"), await store.counter("stock")]).toEqual([["ann"], 0]);
    });

    it("takes them in order, each seeing what the ones before have done", async () => {
      const results = await store.write([
        create("ann", { name: "Ann" }),
        update("ann", { name: "Anna" }),
        remove("ann"),
        update("ann", { name: "Hanna" }),
      ]);
      expect(results.map(({ version, outcome }) => [version, outcome])).toEqual([
        [1, "created"],
        [2, "updated"],
        [3, "deleted"],
        [4, "created"],
      ]);
      expect((await store.history({ type: "Patient", id: "ann", limit: 10 })).versions).toHaveLength(4);
      expect([await idsOf("Hanna"), await idsOf("Ann")]).toEqual([["ann"], []]);
    });

    it("hands a bed from one to the other", async () => {
      await store.write([create("ann", {}, inBed("7"))]);
      await store.write([update("ann"), update("bob", {}, inBed("7"))]);
      await expect(store.write([update("ann", {}, inBed("7"))])).rejects.toMatchObject({ type: "BED_OCCUPIED" });
    });
  });

  describe("unique keys", () => {
    it("are held until their holder gives them up", async () => {
      await store.write([create("ann", {}, inBed("7"))]);
      await store.write([update("ann", {}, inBed("7"))]);
      const [{ key } = { key: "" }] = inBed("7").unique;
      expect(await store.holders(["of nobody", key])).toEqual([undefined, "Patient/ann"]);
      await expect(store.write([create("bob", {}, inBed("7"))])).rejects.toMatchObject({ type: "BED_OCCUPIED", step: 0 });
      await store.write([remove("ann")]);
      await store.write([create("bob", {}, inBed("7"))]);
      await store.write([remove("bob", { moved: true })]);
      expect(await store.write([create("cid", {}, inBed("7"))])).toMatchObject([{ outcome: "created" }]);
    });

    it("change hands among those who are written together, in any order, prepared too", async () => {
      await store.write([create("ann", {}, inBed("7")), create("bob", {}, inBed("8"))]);
      expect(await store.write([update("ann", {}, inBed("8")), update("bob", {}, inBed("7"))])).toMatchObject([
        { version: 2 },
        { version: 2 },
      ]);
      await store.prepare("tx", [update("ann", {}, inBed("7")), update("bob", {}, inBed("8"))]);
      await store.commit("tx", Date.now());
      await store.write([create("cid", {}, inBed("9")), update("ann"), update("bob", {}, inBed("7"))]);
      await expect(store.write([create("dan", {}, inBed("7"))])).rejects.toMatchObject({ type: "BED_OCCUPIED" });
      await store.write([create("dan", {}, inBed("8"))]);
      await expect(store.write([update("dan", {}, inBed("7")), update("bob", {}, inBed("7"))])).rejects.toMatchObject({
        type: "BED_OCCUPIED",
      });
    });

    it("are not given twice within one write", async () => {
      await expect(store.write([create("ann", {}, inBed("7")), create("bob", {}, inBed("7"))])).rejects.toMatchObject({
        type: "BED_OCCUPIED",
        step: 1,
      });
    });
  });

  describe("conditional create", () => {
    it("creates once, and then finds what is there", async () => {
      await store.write([create("ann", { identifier: "1" }, unlessIdentified("1"))]);
      const [second] = await store.write([create("bob", { identifier: "1" }, unlessIdentified("1"))]);
      expect(second).toMatchObject({ id: "ann", version: 1, outcome: "existed", json: expect.stringContaining('"ann"') });
      expect(await store.read("Patient", "bob")).toBeUndefined();
    });

    it("finds what an earlier step of the same write makes, and not what it deletes", async () => {
      const twice = await store.write([create("ann", { identifier: "1" }), create("bob", { identifier: "1" }, unlessIdentified("1"))]);
      expect(twice[1]).toMatchObject({ id: "ann", outcome: "existed", updated: twice[0]?.updated, json: twice[0]?.json });
      expect(await store.write([remove("ann"), create("cid", { identifier: "1" }, unlessIdentified("1"))])).toMatchObject([
        {},
        { id: "cid", outcome: "created" },
      ]);
    });

    it("refuses when several match", async () => {
      await store.write([create("ann", { identifier: "1" }), create("bob", { identifier: "1" })]);
      await expect(store.write([create("cid", {}, unlessIdentified("1"))])).rejects.toMatchObject({ type: "MULTIPLE_MATCHES" });
    });
  });

  describe("counters", () => {
    it("add up, and never fall below their least value", async () => {
      expect(await store.write([{ op: "add", counter: "stock:a", by: 3 }])).toMatchObject([{ outcome: "added", value: 3 }]);
      expect(await store.write([{ op: "add", counter: "stock:a", by: -3, min: 0 }])).toMatchObject([{ value: 0 }]);
      await expect(store.write([{ op: "add", counter: "stock:a", by: -1, min: 0 }])).rejects.toMatchObject({
        type: "COUNTER_BELOW",
        data: { value: 0 },
      });
      await store.write([
        { op: "add", counter: "stock:b", by: 2 },
        { op: "add", counter: "stock:b", by: -1, min: 1 },
        { op: "add", counter: "t", by: 1 },
      ]);
      expect(await store.counter("stock:b")).toBe(1);
      expect(await store.counters("stock:", 10)).toEqual([
        { name: "stock:a", value: 0 },
        { name: "stock:b", value: 1 },
      ]);
      expect(await store.counters("", 1)).toEqual([{ name: "stock:a", value: 0 }]);
    });
  });

  it("counts decimals: three times 0.1 are 0.3", async () => {
    await store.write([{ op: "add", counter: "ml", by: 0.3 }]);
    const tenth = { op: "add" as const, counter: "ml", by: -0.1, min: 0 };
    await store.write([tenth]);
    await store.prepare("tx", [tenth]);
    await store.commit("tx", Date.now());
    expect(await store.counter("ml")).toBe(0.1);
    expect(await store.write([{ ...tenth, ifValue: 0.1 }])).toMatchObject([{ value: 0 }]);
    await expect(store.write([tenth])).rejects.toMatchObject({ type: "COUNTER_BELOW" });
    expect(await store.counters("ml", 1)).toEqual([{ name: "ml", value: 0 }]);
    await store.write([{ op: "add", counter: "ml", by: 2 ** 53 - 1 }]);
    expect(await store.counter("ml")).toBe(2 ** 53 - 1);
  });

  describe("the map", () => {
    it("stores a key once and returns what is stored", async () => {
      expect(await store.put("tx:1", "commit")).toBe("commit");
      expect(await store.put("tx:1", "abort")).toBe("commit");
      await store.put("tx:2", "abort");
      await store.put("u:1", "x");
      expect(await store.entries("tx:", 10)).toEqual([
        { key: "tx:1", value: "commit" },
        { key: "tx:2", value: "abort" },
      ]);
      await store.remove("tx:1");
      expect([await store.get("tx:1"), await store.get("tx:2")]).toEqual([undefined, "abort"]);
    });

    it("forgets what has expired", async () => {
      await store.put("key", "old", Date.now() - 1);
      expect(await store.get("key")).toBeUndefined();
      expect(await store.put("key", "new", Date.now() + 60_000)).toBe("new");
      expect(await store.get("key")).toBe("new");
    });

    it("takes several entries in one step, or none when one of their keys is there", async () => {
      expect(
        await store.putAll([
          { key: "a", value: "1" },
          { key: "b", value: "2" },
        ]),
      ).toEqual(["1", "2"]);
      expect(
        await store.putAll([
          { key: "c", value: "3" },
          { key: "b", value: "4" },
        ]),
      ).toEqual([undefined, "2"]);
      expect([await store.get("c"), await store.get("b")]).toEqual([undefined, "2"]);
      await store.put("d", "old", Date.now() - 1);
      expect(
        await store.putAll([
          { key: "d", value: "new" },
          { key: "e", value: "ä" },
        ]),
      ).toEqual(["new", "ä"]);
      expect(await store.usage("")).toEqual({ count: 4, bytes: 7 });
      expect(await store.usage("e")).toEqual({ count: 1, bytes: 2 });
    });

    it("says how much it holds, however much that is", async () => {
      for (let from = 0; from < 4_500; from += 1_500) {
        await store.putAll(Array.from({ length: 1_500 }, (_, i) => ({ key: `many/${from + i}`, value: "ab" })));
      }
      await store.put("other", "x");
      expect(await store.usage("many/")).toEqual({ count: 4_500, bytes: 9_000 });
    });

    it("of 16 that put overlapping entries at once lets one through", async () => {
      const puts = Array.from({ length: 16 }, (_, i) =>
        store.putAll([
          { key: "shared", value: `${i}` },
          { key: `own:${i}`, value: "x" },
        ]),
      );
      const stored = await Promise.all(puts);
      expect(stored.filter(([, own]) => own !== undefined)).toHaveLength(1);
      expect(await store.entries("own:", 16)).toHaveLength(1);
    });
  });

  describe("history", () => {
    beforeEach(async () => {
      await store.write([create("ann"), create("bob"), { ...create("o1"), type: "Observation", index: nothing }]);
      await store.write([update("ann")]);
      await store.write([update("ann"), remove("bob")]);
    });

    const pages = async (query: Omit<HistoryQuery, "limit">, limit: number): Promise<StoredResource[]> => {
      const all: StoredResource[] = [];
      for (let before: HistoryQuery["before"]; ; ) {
        const { versions, more } = await store.history({ ...query, limit, ...(before && { before }) });
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

    it("keeps to a time, and to a page's size", async () => {
      const { updated = 0 } = (await store.readVersion("Patient", "ann", 2)) ?? {};
      expect(names(await pages({ type: "Patient", id: "ann", since: updated }, 10))).toContain("Patient/ann/2");
      expect(names(await pages({ type: "Patient", id: "ann", until: updated - 1 }, 10))).not.toContain("Patient/ann/2");
      expect(await store.history({ limit: 10, maxBytes: 1 })).toMatchObject({ versions: [{}], more: true });
    });
  });

  describe("search", () => {
    it("ends a page before it gets too big", async () => {
      await store.write(["a", "b", "c"].map((id) => create(id, { name: "Ann" })));
      const page = await store.search({ type: "Patient", clauses: [named("Ann")], sort: [], limit: 10, want: "rows", maxBytes: 300 });
      expect(page).toMatchObject({ rows: [{ id: "a" }, { id: "b" }], more: true });
      expect(
        await store.search({ type: "Patient", clauses: [named("Ann")], sort: [], limit: 10, want: "rows", maxBytes: 1 }),
      ).toMatchObject({ rows: [{ id: "a" }], more: true });
    });

    it("brings the references along that are asked for", async () => {
      await store.write([create("ann", { name: "Ann", identifier: "1" })]);
      const { rows } = await store.search({ type: "Patient", clauses: [], sort: [], limit: 10, want: "ids", refs: [102, 101] });
      expect(rows).toMatchObject([{ id: "ann", refs: [[102, "1"]] }]);
      expect(rows[0]).not.toHaveProperty("json");
    });

    it("goes on after a cursor of another store, whose places are not its own", async () => {
      await store.write([create("ann"), create("bob")]);
      const { rows } = await store.search({ type: "Patient", clauses: [], sort: [], limit: 10, want: "ids" });
      const [ann] = rows;
      const after = { values: [], seq: ann?.seq ?? 0, id: "a" };
      expect(await store.search({ type: "Patient", clauses: [], sort: [], limit: 10, want: "ids", after })).toMatchObject({
        rows: [{ id: "ann" }, { id: "bob" }],
      });
      expect(
        await store.search({ type: "Patient", clauses: [], sort: [], limit: 10, want: "ids", after: { ...after, id: "z" } }),
      ).toMatchObject({ rows: [{ id: "bob" }] });
    });
  });

  describe("joinKeys", () => {
    const all = { type: "Patient", clauses: [] };
    beforeEach(async () => {
      await store.write([
        create("ann", { name: "Ann", identifier: "1" }),
        create("bob", { name: "Bob", identifier: "1" }),
        create("cid", { name: "Ann", identifier: "2" }),
        create("dee", { name: "Ann" }),
        create("eve", { name: "Ann", identifier: "3" }),
      ]);
      await store.write([remove("eve")]);
    });

    it("are the ids of the matches, or what they refer to, each once", async () => {
      expect((await store.joinKeys({ type: "Patient", clauses: [named("Ann")], limit: 10 })).values.toSorted()).toEqual([
        "ann",
        "cid",
        "dee",
      ]);
      expect((await store.joinKeys({ ...all, slots: [102], limit: 10 })).values.toSorted()).toEqual(["1", "2"]);
      expect(await store.joinKeys({ type: "Practitioner", clauses: [], limit: 10 })).toEqual({ values: [] });
    });

    it("come in pages, each from so many resources", async () => {
      const first = await store.joinKeys({ ...all, slots: [102], limit: 2 });
      expect(first).toEqual({ values: ["1"], next: expect.any(Number) });
      expect(await store.joinKeys({ ...all, slots: [102], limit: 2, after: first.next as number })).toEqual({ values: ["2"] });
    });

    it("are not listed at all where only the whole would do and is too much", async () => {
      expect(await store.joinKeys({ ...all, limit: 3, whole: true })).toEqual({ values: [], next: 0 });
      expect((await store.joinKeys({ ...all, limit: 4, whole: true })).values).toHaveLength(4);
    });

    it("say which of some ids or references a match is known by", async () => {
      const anns = { type: "Patient", clauses: [named("Ann")] };
      expect((await store.joinKeysAmong({ ...anns, among: ["ann", "bob", "dee", "eve", "nobody"] })).toSorted()).toEqual(["ann", "dee"]);
      expect(await store.joinKeysAmong({ ...all, among: ["bob", "eve"] })).toEqual(["bob"]);
      expect((await store.joinKeysAmong({ ...anns, slots: [102], among: ["1", "2", "3", "4"] })).toSorted()).toEqual(["1", "2"]);
      expect(await store.joinKeysAmong({ ...anns, slots: [102], among: [] })).toEqual([]);
      expect((await store.referredTo([{ type: "Patient", slots: [101, 102] }], ["1", "2", "3"])).toSorted()).toEqual(["1", "2"]);
      expect(await store.referredTo([{ type: "Patient", slots: [103] }], ["1"])).toEqual([]);
    });
  });

  it("says how many live, by type, and how big it is", async () => {
    await store.write([create("ann"), create("bob"), { ...create("o1"), type: "Observation", index: nothing }]);
    await store.write([remove("bob")]);
    await expect(store.write([create("cid"), create("ann")])).rejects.toMatchObject({ type: "ID_TAKEN" });
    expect(await store.stats()).toMatchObject({ documents: { Patient: 1, Observation: 1 }, bytes: expect.any(Number) });
  });

  it("rebuilds its search values when their meaning has changed, also of what was prepared before", async () => {
    await store.write([create("ann", { name: "Ann" }), create("bob", { name: "Bob" }), create("cid", { name: "Cid" })]);
    await store.write([remove("cid")]);
    await store.prepare("t1", [update("bob", { name: "Bob" })]);
    await store.close();
    const reindex = (json: string) => indexOf({ name: `new ${JSON.parse(json).name[0].family}` });
    store = await kit.open(folder, { indexVersion: "2", reindex });
    expect([await idsOf("Ann"), await idsOf("new Ann"), await idsOf("new Bob"), await idsOf("new Cid")]).toEqual([
      [],
      ["ann"],
      ["bob"],
      [],
    ]);
    await store.commit("t1", 1_000);
    expect([await idsOf("Bob"), await idsOf("new Bob")]).toEqual([[], ["bob"]]);
  });

  it("takes text that looks like a command for what it is", async () => {
    const nasty = `'; DROP TABLE keys; -- " $where {"$gt":""} %_*`;
    await store.write([
      create("ann", { name: nasty, identifier: nasty }, { ...unlessIdentified(nasty), ...inBed(nasty) }),
      { op: "add", counter: nasty, by: 1 },
    ]);
    await store.put(nasty, nasty);
    expect([await idsOf(nasty), await store.counter(nasty), await store.get(nasty)]).toEqual([["ann"], 1, nasty]);
  });

  it("answers nothing more when it is closed", async () => {
    await store.close();
    await expect(store.write([create("ann")])).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
    await expect(store.read("Patient", "ann")).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
    store = await kit.open(folder);
  });
});

/** 1 when `a` comes after `b` in time, type, id and version. */
function compare(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  const i = a.findIndex((value, at) => value !== b[at]);
  return (a[i] as string) > (b[i] as string) ? 1 : -1;
}
