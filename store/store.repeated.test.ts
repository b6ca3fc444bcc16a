/** Writes that are tried again because nobody knows whether the first try was carried out: the same sentences for both stores. */
import { create, identified, update, remove } from "../test/kit/resources.ts";
import { freshStore, stores } from "../test/kit/stores.ts";

const first = (id: string) => ({ id, isRepeated: false });
const again = (id: string) => ({ id, isRepeated: true });

describe.each(stores)("a write that comes twice, in $name", (kit) => {
  const opened = freshStore(kit);

  it("is carried out once, and returns its first results", async () => {
    const steps = [create("ann", { name: "Ann" }), { op: "add" as const, counter: "stock", by: 3 }];
    const [made] = await opened.store.write(steps, first("k1"));
    expect(await opened.store.write(steps, again("k1"))).toMatchObject([
      { id: "ann", version: 1, outcome: "created", updated: made?.updated, json: made?.json },
      { outcome: "added", value: 3 },
    ]);
    expect(await opened.store.counter("stock")).toBe(3);
  });

  it("is distinguished from another write of the same content", async () => {
    await opened.store.write([create("ann", { name: "Ann" })], first("k1"));
    await opened.store.write([update("ann", { name: "Ann" })], first("k2"));
    expect(await opened.store.write([update("ann", { name: "Ann" })], first("k3"))).toMatchObject([{ version: 3 }]);
    await expect(opened.store.write([create("ann")], first("k4"))).rejects.toMatchObject({ type: "ID_TAKEN" });
  });

  it("does not overwrite later writes of others", async () => {
    await opened.store.write([create("ann", { name: "a" })], first("k1"));
    await opened.store.write([update("ann", { name: "b" })], first("k2"));
    await opened.store.write([update("ann", { name: "c" })], first("k3"));
    expect(await opened.store.write([update("ann", { name: "b" })], again("k2"))).toMatchObject([{ version: 2, outcome: "updated" }]);
    expect(await opened.store.read("Patient", "ann")).toMatchObject({ version: 3, json: expect.stringContaining('"c"') });
  });

  it("is not carried out by a first attempt that resumes after the second", async () => {
    await opened.store.write([create("ann", { name: "a" })], first("k1"));
    await opened.store.write([update("ann", { name: "b" })], again("k2"));
    expect(await opened.store.write([update("ann", { name: "b" })], first("k2"))).toMatchObject([{ version: 2 }]);
    expect(await opened.store.read("Patient", "ann")).toMatchObject({ version: 2 });
  });

  it("may be a deletion, or a conditional create that found a match", async () => {
    const ifNoneExist = { lock: "ann", clauses: [identified("1")] };
    await opened.store.write([create("ann", { identifier: "1" })], first("k1"));
    const found = await opened.store.write([create("bob", { identifier: "1" }, { ifNoneExist })], first("k2"));
    expect(await opened.store.write([create("bob", { identifier: "1" }, { ifNoneExist })], again("k2"))).toEqual(found);
    expect(await opened.store.write([create("ann", { identifier: "1" }, { ifNoneExist })], again("k1"))).toMatchObject([
      { id: "ann", version: 1, outcome: "created" },
    ]);
    await opened.store.write([remove("ann")], first("k3"));
    expect(await opened.store.write([remove("ann")], again("k3"))).toMatchObject([{ outcome: "deleted", version: 2 }]);
  });

  it("of 32 concurrent attempts is carried out by one", async () => {
    await opened.store.write([create("ann", { name: "a" })], first("k1"));
    const tries = Array.from({ length: 32 }, () => opened.store.write([update("ann", { name: "b" })], again("k2")));
    for (const [result] of await Promise.all(tries)) expect(result).toMatchObject({ version: 2 });
    expect(await opened.store.read("Patient", "ann")).toMatchObject({ version: 2 });
  });
});
