import { create, unlessIdentified } from "../test/kit/resources.ts";
import { freshStore, stores } from "../test/kit/stores.ts";
import type { Write } from "./writes.ts";

/** What a store is asked for by a conditional write of a type that it shares with other stores. */
describe.each(stores)("a condition held by $name", (kit) => {
  const opened = freshStore(kit, { waitMs: 200 });

  const hold = (identifier: string, isThere = false): Write => ({
    op: "hold",
    type: "Patient",
    condition: unlessIdentified(identifier).ifNoneExist,
    isThere,
  });

  it("is absent, or what exists", async () => {
    expect(await opened.store.write([hold("1")])).toMatchObject([{ outcome: "none" }]);
    await opened.store.write([create("a", { identifier: "1" })]);
    expect(await opened.store.write([hold("2"), hold("1")])).toMatchObject([
      { outcome: "none" },
      { outcome: "existed", id: "a", version: 1 },
    ]);
    await opened.store.write([create("b", { identifier: "1" })]);
    await expect(opened.store.write([create("c"), hold("1")])).rejects.toMatchObject({ type: "MULTIPLE_MATCHES", step: 1 });
    expect(await opened.store.read("Patient", "c")).toBeUndefined();
  });

  it("belongs to the transaction that has prepared it until that ends", async () => {
    const created = () => opened.store.write([create("a", { identifier: "1" }, unlessIdentified("1"))]);
    await opened.store.prepare("tx", [hold("1"), create("other")]);
    await expect(created()).rejects.toMatchObject({ type: "LOCKED" });
    await expect(opened.store.write([hold("1", true)])).rejects.toMatchObject({ type: "LOCKED" });
    expect(await opened.store.write([create("b", { identifier: "2" }, unlessIdentified("2"))])).toMatchObject([{ outcome: "created" }]);
    await opened.store.commit("tx", Date.now());
    expect(await created()).toMatchObject([{ outcome: "created" }]);
    await opened.store.prepare("again", [hold("1", true)]);
    await expect(opened.store.write([hold("1", true)])).rejects.toMatchObject({ type: "LOCKED" });
    await opened.store.abort("again");
    expect(await opened.store.write([hold("1", true)])).toMatchObject([{ outcome: "existed", id: "a" }]);
  });

  it("is not held if it is not as expected", async () => {
    await opened.store.write([create("a", { identifier: "1" })]);
    expect(await opened.store.prepare("tx", [hold("1", false), hold("2", true)])).toMatchObject([
      { outcome: "existed" },
      { outcome: "none" },
    ]);
    expect(await opened.store.write([hold("1", true), hold("2", false)])).toMatchObject([{ outcome: "existed" }, { outcome: "none" }]);
  });
});
