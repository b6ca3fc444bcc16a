/** What a store promises of resources and their versions, one process and one writer at a time. See store.races.test.ts for many. */
import { create, identified, inBed, nothing, remove, unlessIdentified, update } from "../test/kit/resources.ts";
import { newNames } from "../test/kit/store-functions.ts";
import { freshStore, idsNamed, stores } from "../test/kit/stores.ts";

describe.each(stores)("the store in $name", (kit) => {
  const opened = freshStore(kit);
  const idsOf = (name: string) => idsNamed(opened.store, name);

  describe("versions", () => {
    it("returns a patient as FHIR JSON with its version and time", async () => {
      const [result] = await opened.store.write([create("ann", { name: "Ann" })]);
      expect(result).toMatchObject({ type: "Patient", id: "ann", version: 1, outcome: "created" });
      const lastUpdated = new Date(result?.updated ?? 0).toISOString();
      expect(JSON.parse(result?.json ?? "")).toEqual({
        resourceType: "Patient",
        id: "ann",
        meta: { versionId: "1", lastUpdated },
        name: [{ family: "Ann" }],
      });
      expect(await opened.store.read("Patient", "ann")).toMatchObject({
        version: 1,
        method: "create",
        updated: result?.updated,
        json: result?.json,
      });
    });

    it("finds no patient who never existed", async () => {
      expect(await opened.store.read("Patient", "nobody")).toBeUndefined();
      expect(await opened.store.readVersion("Patient", "nobody", 1)).toBeUndefined();
      expect(await opened.store.search({ type: "Patient", clauses: [], sort: [], limit: 10, want: "rows" })).toEqual({
        rows: [],
        more: false,
      });
    });

    it("refuses an id that exists", async () => {
      await opened.store.write([create("ann")]);
      await expect(opened.store.write([create("bob"), create("ann")])).rejects.toMatchObject({ type: "ID_TAKEN", step: 1 });
      await opened.store.write([remove("ann")]);
      expect(await opened.store.write([create("ann")])).toMatchObject([{ outcome: "created", version: 3 }]);
      expect(await opened.store.read("Patient", "bob")).toBeUndefined();
    });

    it("counts versions across updates and deletions, and keeps each of them", async () => {
      await opened.store.write([create("ann", { name: "Ann" })]);
      await opened.store.write([update("ann", { name: "Anna" })]);
      expect(await opened.store.write([remove("ann")])).toMatchObject([{ version: 3, outcome: "deleted" }]);
      expect(await opened.store.write([update("ann", { name: "Hanna" })])).toMatchObject([{ version: 4, outcome: "created" }]);
      expect(await opened.store.readVersion("Patient", "ann", 1)).toMatchObject({
        method: "create",
        json: expect.stringContaining('"Ann"'),
      });
      expect(await opened.store.readVersion("Patient", "ann", 2)).toMatchObject({
        method: "update",
        json: expect.stringContaining('"Anna"'),
      });
      const deletion = await opened.store.readVersion("Patient", "ann", 3);
      expect(deletion).toMatchObject({ version: 3, method: "delete" });
      expect(deletion).not.toHaveProperty("json");
      expect(await opened.store.readVersion("Patient", "ann", 5)).toBeUndefined();
    });

    it("reads a deleted patient as deleted, and no longer finds it by search", async () => {
      await opened.store.write([create("ann", { name: "Ann" }), create("bob", { name: "Ann" })]);
      await opened.store.write([remove("ann")]);
      expect(await opened.store.read("Patient", "ann")).toMatchObject({ version: 2, method: "delete" });
      expect(await idsOf("Ann")).toEqual(["bob"]);
      expect(await opened.store.count("Patient", [])).toBe(1);
    });

    it("changes nothing when there is nothing to delete", async () => {
      expect(await opened.store.write([remove("ann")])).toMatchObject([{ version: 0, outcome: "none" }]);
      await opened.store.write([create("ann")]);
      await opened.store.write([remove("ann")]);
      expect(await opened.store.write([remove("ann")])).toMatchObject([{ version: 2, outcome: "none" }]);
    });

    it("updates only the version that the writer has read", async () => {
      await opened.store.write([create("ann")]);
      await opened.store.write([update("ann", {}, { ifVersion: [1] })]);
      await expect(opened.store.write([update("ann", {}, { ifVersion: [1] })])).rejects.toMatchObject({
        type: "STALE_VERSION",
        data: { version: 2 },
      });
      await expect(opened.store.write([update("bob", {}, { ifVersion: [1] })])).rejects.toMatchObject({
        type: "STALE_VERSION",
        data: { version: 0 },
      });
      await expect(opened.store.write([remove("ann", { ifVersion: [7] })])).rejects.toMatchObject({ type: "STALE_VERSION" });
      expect(await opened.store.write([remove("ann", { ifVersion: [7, 2] })])).toMatchObject([{ outcome: "deleted" }]);
      for (const id of ["ann", "bob"]) {
        await expect(opened.store.write([remove(id, { ifVersion: [1, 2, 3] })])).rejects.toMatchObject({
          type: "STALE_VERSION",
          data: { version: 0 },
        });
      }
    });

    it("creates by an update only if that is allowed", async () => {
      await expect(opened.store.write([update("ann", {}, { upsert: false })])).rejects.toMatchObject({ type: "NOT_FOUND" });
      expect(await opened.store.write([update("ann")])).toMatchObject([{ version: 1, outcome: "created" }]);
      expect(await opened.store.write([update("ann", {}, { upsert: false })])).toMatchObject([{ version: 2, outcome: "updated" }]);
    });

    it("replaces a patient's search values", async () => {
      await opened.store.write([create("ann", { name: "Ann", identifier: "1" })]);
      await opened.store.write([update("ann", { name: "Anna", identifier: "1" })]);
      expect([await idsOf("Ann"), await idsOf("Anna"), await opened.store.count("Patient", [identified("1")])]).toEqual([[], ["ann"], 1]);
    });

    it("keeps an updated patient's place in the order of creation", async () => {
      await opened.store.write([create("ann", { name: "X" })]);
      await opened.store.write([create("bob", { name: "X" })]);
      await opened.store.write([update("ann", { name: "X" })]);
      expect(await idsOf("X")).toEqual(["ann", "bob"]);
    });

    it("lets a resource move to another owner and back, with its version numbers continued", async () => {
      await opened.store.write([create("ann", { name: "Ann" })]);
      await opened.store.write([update("ann", { name: "Ann" }), remove("ann", { moved: true })]);
      expect(await opened.store.read("Patient", "ann")).toBeUndefined();
      expect(await opened.store.readVersion("Patient", "ann", 2)).toMatchObject({ method: "update" });
      expect(await idsOf("Ann")).toEqual([]);
      expect(await opened.store.write([update("ann", { name: "Ann" }, { since: 5 })])).toMatchObject([{ version: 5, outcome: "created" }]);
      const { versions } = await opened.store.history({ type: "Patient", id: "ann", limit: 10 });
      expect(versions.map(({ version }) => version)).toEqual([5, 2, 1]);
    });
  });

  describe("a write with several steps", () => {
    it("carries out all of them or none", async () => {
      await opened.store.write([create("ann", { name: "Ann" })]);
      const steps = [
        update("ann", { name: "Anna" }),
        create("bob"),
        { op: "add" as const, counter: "stock", by: 5 },
        update("x", {}, { upsert: false }),
      ];
      await expect(opened.store.write(steps)).rejects.toMatchObject({ type: "NOT_FOUND", step: 3 });
      expect(await opened.store.read("Patient", "ann")).toMatchObject({ version: 1 });
      expect(await opened.store.read("Patient", "bob")).toBeUndefined();
      expect([await idsOf("Ann"), await opened.store.counter("stock")]).toEqual([["ann"], 0]);
    });

    it("carries them out in order, each seeing the effects of the earlier ones", async () => {
      const results = await opened.store.write([
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
      expect((await opened.store.history({ type: "Patient", id: "ann", limit: 10 })).versions).toHaveLength(4);
      expect([await idsOf("Hanna"), await idsOf("Ann")]).toEqual([["ann"], []]);
    });

    it.each([
      ["is updated without it", update("ann")],
      ["is deleted", remove("ann")],
    ])("hands a bed to a step that comes before the one by which its holder %s", async (_, gives) => {
      await opened.store.write([create("ann", {}, inBed("7")), create("eve")]);
      await opened.store.write([create("bob", {}, inBed("7")), update("eve"), gives]);
      await expect(opened.store.write([update("eve", {}, inBed("7"))])).rejects.toMatchObject({ type: "BED_OCCUPIED" });
    });

    it("passes a bed from one patient to another", async () => {
      await opened.store.write([create("ann", {}, inBed("7"))]);
      await opened.store.write([update("ann"), update("bob", {}, inBed("7"))]);
      await expect(opened.store.write([update("ann", {}, inBed("7"))])).rejects.toMatchObject({ type: "BED_OCCUPIED" });
    });
  });

  describe("unique keys", () => {
    it("are held until their holder releases them", async () => {
      await opened.store.write([create("ann", {}, inBed("7"))]);
      await opened.store.write([update("ann", {}, inBed("7"))]);
      const [{ key } = { key: "" }] = inBed("7").unique;
      expect(await opened.store.holders(["of nobody", key])).toEqual([undefined, "Patient/ann"]);
      expect([await opened.store.heldKeys(10), await opened.store.heldKeys(10, key)]).toEqual([[{ key, holder: "Patient/ann" }], []]);
      await expect(opened.store.write([create("bob", {}, inBed("7"))])).rejects.toMatchObject({ type: "BED_OCCUPIED", step: 0 });
      await opened.store.write([remove("ann")]);
      await opened.store.write([create("bob", {}, inBed("7"))]);
      await opened.store.write([remove("bob", { moved: true })]);
      expect(await opened.store.write([create("cid", {}, inBed("7"))])).toMatchObject([{ outcome: "created" }]);
    });

    it("can be exchanged among resources written together, in any order, also when prepared", async () => {
      await opened.store.write([create("ann", {}, inBed("7")), create("bob", {}, inBed("8"))]);
      expect(await opened.store.write([update("ann", {}, inBed("8")), update("bob", {}, inBed("7"))])).toMatchObject([
        { version: 2 },
        { version: 2 },
      ]);
      await opened.store.prepare("tx", [update("ann", {}, inBed("7")), update("bob", {}, inBed("8"))]);
      await opened.store.commit("tx", Date.now());
      await opened.store.write([create("cid", {}, inBed("9")), update("ann"), update("bob", {}, inBed("7"))]);
      await expect(opened.store.write([create("dan", {}, inBed("7"))])).rejects.toMatchObject({ type: "BED_OCCUPIED" });
      await opened.store.write([create("dan", {}, inBed("8"))]);
      await expect(opened.store.write([update("dan", {}, inBed("7")), update("bob", {}, inBed("7"))])).rejects.toMatchObject({
        type: "BED_OCCUPIED",
      });
    });

    it("are not assigned twice within one write", async () => {
      await expect(opened.store.write([create("ann", {}, inBed("7")), create("bob", {}, inBed("7"))])).rejects.toMatchObject({
        type: "BED_OCCUPIED",
        step: 1,
      });
    });
  });

  describe("conditional create", () => {
    it("creates once, and then returns the existing resource", async () => {
      await opened.store.write([create("ann", { identifier: "1" }, unlessIdentified("1"))]);
      const [second] = await opened.store.write([create("bob", { identifier: "1" }, unlessIdentified("1"))]);
      expect(second).toMatchObject({ id: "ann", version: 1, outcome: "existed", json: expect.stringContaining('"ann"') });
      expect(await opened.store.read("Patient", "bob")).toBeUndefined();
    });

    it("finds what an earlier step of the same write creates, and not what it deletes", async () => {
      const twice = await opened.store.write([
        create("ann", { identifier: "1" }),
        create("bob", { identifier: "1" }, unlessIdentified("1")),
      ]);
      expect(twice[1]).toMatchObject({ id: "ann", outcome: "existed", updated: twice[0]?.updated, json: twice[0]?.json });
      expect(await opened.store.write([remove("ann"), create("cid", { identifier: "1" }, unlessIdentified("1"))])).toMatchObject([
        {},
        { id: "cid", outcome: "created" },
      ]);
    });

    it("refuses if several match", async () => {
      await opened.store.write([create("ann", { identifier: "1" }), create("bob", { identifier: "1" })]);
      await expect(opened.store.write([create("cid", {}, unlessIdentified("1"))])).rejects.toMatchObject({ type: "MULTIPLE_MATCHES" });
    });
  });

  it("reports the number of resources by type, and its size", async () => {
    await opened.store.write([create("ann"), create("bob"), { ...create("o1"), type: "Observation", index: nothing }]);
    await opened.store.write([remove("bob")]);
    await expect(opened.store.write([create("cid"), create("ann")])).rejects.toMatchObject({ type: "ID_TAKEN" });
    expect(await opened.store.stats()).toMatchObject({ documents: { Patient: 1, Observation: 1 }, bytes: expect.any(Number) });
  });

  it("rebuilds its search values when their definition has changed, including those of prepared writes", async () => {
    await opened.store.write([create("ann", { name: "Ann" }), create("bob", { name: "Bob" }), create("cid", { name: "Cid" })]);
    await opened.store.write([remove("cid")]);
    await opened.store.prepare("t1", [update("bob", { name: "Bob" })]);
    await opened.store.close();
    opened.store = await kit.open(opened.folder, { indexVersion: "2", ...newNames });
    expect([await idsOf("Ann"), await idsOf("new Ann"), await idsOf("new Bob"), await idsOf("new Cid")]).toEqual([
      [],
      ["ann"],
      ["bob"],
      [],
    ]);
    await opened.store.commit("t1", 1_000);
    expect([await idsOf("Bob"), await idsOf("new Bob")]).toEqual([[], ["bob"]]);
  });

  it("treats text that looks like a command as text", async () => {
    const nasty = `'; DROP TABLE keys; -- " $where {"$gt":""} %_*`;
    await opened.store.write([
      create("ann", { name: nasty, identifier: nasty }, { ...unlessIdentified(nasty), ...inBed(nasty) }),
      { op: "add", counter: nasty, by: 1 },
    ]);
    await opened.store.put(nasty, nasty);
    expect([await idsOf(nasty), await opened.store.counter(nasty), await opened.store.get(nasty)]).toEqual([["ann"], 1, nasty]);
  });

  it("answers nothing after it is closed", async () => {
    await opened.store.close();
    await expect(opened.store.write([create("ann")])).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
    await expect(opened.store.read("Patient", "ann")).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
    opened.store = await kit.open(opened.folder);
  });
});
