/** What a store promises of the writes that a transaction over several services has prepared in it. */
import { useTimeZone } from "../fhir/time-zone.ts";
import { create, inBed, remove, unlessIdentified, update } from "../test/kit/resources.ts";
import { zones } from "../test/kit/store-functions.ts";
import { freshStore, idsNamed, stores } from "../test/kit/stores.ts";

describe.each(stores)("prepared writes of the store in $name", (kit) => {
  const opened = freshStore(kit);
  const idsOf = (name: string) => idsNamed(opened.store, name);

  it("are invisible until they are committed, and have the time of the commit", async () => {
    const [{ updated = 0 } = {}] = await opened.store.write([create("ann", { name: "Ann" })]);
    const results = await opened.store.prepare("t1", [
      update("ann", { name: "Anna" }),
      create("bob", { name: "Bob" }),
      { op: "add", counter: "stock", by: 2 },
    ]);
    expect(results).toMatchObject([
      { version: 2, updated, outcome: "updated" }, // never before what it replaces
      { version: 1, updated: 0, outcome: "created" },
      { value: 2, outcome: "added" },
    ]);
    expect(await opened.store.read("Patient", "ann")).toMatchObject({ version: 1 });
    expect([
      await opened.store.read("Patient", "bob"),
      await idsOf("Bob"),
      await opened.store.counter("stock"),
      await opened.store.count("Patient", []),
    ]).toEqual([undefined, [], 0, 1]);
    expect(await opened.store.prepared()).toMatchObject([{ tx: "t1", since: expect.any(Number) }]);
    const at = Date.now() + 5_000;
    await opened.store.commit("t1", at);
    const lastUpdated = new Date(at).toISOString();
    expect(await opened.store.read("Patient", "ann")).toMatchObject({
      version: 2,
      updated: at,
      json: expect.stringContaining(lastUpdated),
    });
    expect([await idsOf("Bob"), await opened.store.counter("stock"), await opened.store.prepared()]).toEqual([["bob"], 2, []]);
  });

  it("leave nothing when they are aborted", async () => {
    await opened.store.write([create("ann", { name: "Ann" }, inBed("7"))]);
    const before = await opened.store.stats();
    await opened.store.prepare("t1", [
      update("ann", { name: "Anna" }, inBed("8")),
      create("bob", {}, unlessIdentified("1")),
      update("new"),
      { op: "add", counter: "stock", by: 2 },
    ]);
    await opened.store.abort("t1");
    expect((await opened.store.stats()).documents).toEqual(before.documents);
    await expect(opened.store.write([update("bob", {}, inBed("7"))])).rejects.toMatchObject({ type: "BED_OCCUPIED" });
    const results = await opened.store.write([
      update("ann", {}, inBed("8")),
      create("bob", {}, unlessIdentified("1")),
      create("new"),
      { op: "add", counter: "stock", by: 1 },
    ]);
    expect(results).toMatchObject([{ version: 2 }, { version: 1, outcome: "created" }, { version: 1, outcome: "created" }, { value: 1 }]);
  });

  it("are never older than what they replace, whatever the coordinator's clock says; and report the types that they change", async () => {
    await opened.store.write([create("ann")]);
    const { updated = 0 } = (await opened.store.read("Patient", "ann")) ?? {};
    await opened.store.prepare("t1", [update("ann", { name: "Anna" }), { op: "add", counter: "stock", by: 1 }]);
    expect(await opened.store.commit("t1", 1_000)).toEqual(["Patient"]);
    expect(await opened.store.read("Patient", "ann")).toMatchObject({ version: 2, updated });
    expect(await opened.store.commit("t1", 1_000)).toEqual([]);
  });

  it("may be committed or aborted repeatedly, even if unknown", async () => {
    await opened.store.prepare("t1", [create("ann")]);
    await opened.store.commit("t1", 1_000);
    await opened.store.commit("t1", 2_000);
    await opened.store.abort("t1");
    await opened.store.commit("t2", 1_000);
    expect(await opened.store.read("Patient", "ann")).toMatchObject({ version: 1, updated: 1_000 });
  });

  it("are refused like any write, and if their name is in use", async () => {
    await expect(opened.store.prepare("t1", [update("ann", {}, { upsert: false })])).rejects.toMatchObject({ type: "NOT_FOUND" });
    expect(await opened.store.prepared()).toEqual([]);
    await opened.store.prepare("t1", [create("ann")]);
    await expect(opened.store.prepare("t1", [create("bob")])).rejects.toThrow("prepared already");
    expect(await opened.store.prepared()).toHaveLength(1);
  });

  it("lock nothing for what existed already", async () => {
    await opened.store.write([create("ann", { identifier: "1" })]);
    expect(await opened.store.prepare("t1", [create("bob", {}, unlessIdentified("1"))])).toMatchObject([{ id: "ann", outcome: "existed" }]);
    await opened.store.write([remove("ann")]);
    await opened.store.commit("t1", Date.now());
    expect(await opened.store.read("Patient", "bob")).toBeUndefined();
  });

  it("keep a key reserved until they end", async () => {
    await opened.store.close();
    opened.store = await kit.open(opened.folder, { waitMs: 50 });
    await opened.store.write([create("ann")]);
    const empty = (id: string) => remove(id, { moved: true, ifVersion: [0] });
    await expect(opened.store.prepare("tx", [empty("ann")])).rejects.toMatchObject({ type: "STALE_VERSION", data: { version: 1 } });
    expect(await opened.store.prepare("tx", [empty("bob")])).toMatchObject([{ outcome: "none", version: 0 }]);
    await expect(opened.store.write([update("bob")])).rejects.toMatchObject({ type: "LOCKED" });
    await expect(opened.store.prepare("other", [empty("bob")])).rejects.toMatchObject({ type: "LOCKED" });
    await opened.store.commit("tx", Date.now());
    expect(await opened.store.read("Patient", "bob")).toBeUndefined();
    expect(await opened.store.write([update("bob")])).toMatchObject([{ version: 1, outcome: "created" }]);
  });

  it("survive a restart", async () => {
    await opened.store.prepare("t1", [create("ann", { name: "Ann" })]);
    await opened.store.close();
    opened.store = await kit.open(opened.folder, { waitMs: 50 });
    await expect(opened.store.write([update("ann")])).rejects.toMatchObject({ type: "LOCKED" });
    await opened.store.commit("t1", 1_000);
    expect(await idsOf("Ann")).toEqual(["ann"]);
  });

  it("are found by the hospital's time zone, if that has changed since", async () => {
    await opened.store.prepare("t1", [create("ann", { name: "Ann" })]);
    await opened.store.close();
    useTimeZone("Africa/Algiers");
    try {
      opened.store = await kit.open(opened.folder, { indexVersion: "1 Africa/Algiers", ...zones });
      await opened.store.commit("t1", 1_000);
      expect([await idsOf("Ann"), await idsOf("Africa/Algiers")]).toEqual([[], ["ann"]]);
    } finally {
      useTimeZone("UTC");
    }
  });

  it("may change one counter, one resource and one key several times", async () => {
    await opened.store.write([{ op: "add", counter: "stock", by: 5 }, create("ann", {}, inBed("7"))]);
    const steps = [
      { op: "add" as const, counter: "stock", by: 3 },
      update("ann", { name: "Anna" }, inBed("7")),
      { op: "add" as const, counter: "stock", by: -1, min: 0 },
      { op: "add" as const, counter: "beds", by: 1 },
      update("ann", { name: "Anne" }),
      create("bob", {}, inBed("7")),
      update("bob", {}, inBed("7")),
    ];
    const results = await opened.store.prepare("t1", steps);
    expect(results.map(({ version, value }) => value ?? version)).toEqual([8, 2, 7, 1, 3, 1, 2]);
    await opened.store.commit("t1", Date.now());
    expect([await opened.store.counter("stock"), await opened.store.counter("beds"), await idsOf("Anne")]).toEqual([7, 1, ["ann"]]);
    await expect(opened.store.write([create("cid", {}, inBed("7"))])).rejects.toMatchObject({ type: "BED_OCCUPIED" });
    await opened.store.write([update("bob"), create("cid", {}, inBed("7")), { op: "add", counter: "stock", by: -7, min: 0 }]);
    expect(await opened.store.counter("stock")).toBe(0);
  });

  it("delete no earlier than the time of the deleted version, whatever the coordinator's clock says", async () => {
    await opened.store.write([create("ann")]);
    const { updated = 0 } = (await opened.store.read("Patient", "ann")) ?? {};
    await opened.store.prepare("t1", [remove("ann")]);
    await opened.store.commit("t1", 1_000);
    expect(await opened.store.read("Patient", "ann")).toMatchObject({ method: "delete", version: 2, updated });
  });
});
