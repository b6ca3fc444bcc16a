import { create, unlessIdentified } from "../../test/kit/resources.ts";
import { stores, temporaryFolder } from "../../test/kit/stores.ts";
import type { Store, Write } from "./store.ts";

/** What a store is asked for by a conditional write of a type that it shares with other stores. */
describe.each(stores)("a condition held by $name", (kit) => {
  let folder: string;
  let store: Store;
  beforeAll(() => kit.start(), 60_000);
  afterAll(() => kit.stop());
  beforeEach(async () => {
    folder = await temporaryFolder();
    store = await kit.open(folder, { waitMs: 200 });
  });
  afterEach(async () => {
    await store.close();
    await kit.clear(folder);
  });

  const hold = (identifier: string, isThere = false): Write => ({
    op: "hold",
    type: "Patient",
    condition: unlessIdentified(identifier).ifNoneExist,
    isThere,
  });

  it("is none, or what is there", async () => {
    expect(await store.write([hold("1")])).toMatchObject([{ outcome: "none" }]);
    await store.write([create("a", { identifier: "1" })]);
    expect(await store.write([hold("2"), hold("1")])).toMatchObject([{ outcome: "none" }, { outcome: "existed", id: "a", version: 1 }]);
    await store.write([create("b", { identifier: "1" })]);
    await expect(store.write([create("c"), hold("1")])).rejects.toMatchObject({ type: "MULTIPLE_MATCHES", step: 1 });
    expect(await store.read("Patient", "c")).toBeUndefined();
  });

  it("is nobody else's until the transaction that has prepared it ends", async () => {
    const created = () => store.write([create("a", { identifier: "1" }, unlessIdentified("1"))]);
    await store.prepare("tx", [hold("1"), create("other")]);
    await expect(created()).rejects.toMatchObject({ type: "LOCKED" });
    await expect(store.write([hold("1", true)])).rejects.toMatchObject({ type: "LOCKED" });
    expect(await store.write([create("b", { identifier: "2" }, unlessIdentified("2"))])).toMatchObject([{ outcome: "created" }]);
    await store.commit("tx", Date.now());
    expect(await created()).toMatchObject([{ outcome: "created" }]);
    await store.prepare("again", [hold("1", true)]);
    await expect(store.write([hold("1", true)])).rejects.toMatchObject({ type: "LOCKED" });
    await store.abort("again");
    expect(await store.write([hold("1", true)])).toMatchObject([{ outcome: "existed", id: "a" }]);
  });

  it("is not held when it is not as expected", async () => {
    await store.write([create("a", { identifier: "1" })]);
    expect(await store.prepare("tx", [hold("1", false), hold("2", true)])).toMatchObject([{ outcome: "existed" }, { outcome: "none" }]);
    expect(await store.write([hold("1", true), hold("2", false)])).toMatchObject([{ outcome: "existed" }, { outcome: "none" }]);
  });
});
