/** What a store promises of the authors of versions: kept beside each version, never in the resource. */
import { create, inBed, named, remove, update } from "../test/kit/resources.ts";
import { wholeTexts } from "../test/kit/store-functions.ts";
import { freshStore, stores } from "../test/kit/stores.ts";

describe.each(stores)("the authors of versions in $name", (kit) => {
  const opened = freshStore(kit);
  const authors = async () => {
    const { versions } = await opened.store.history({ type: "Patient", id: "ann", limit: 10 });
    return versions.map(({ version, author }) => [version, author]);
  };

  it("are kept with each version, including deletions, and are not part of the resource", async () => {
    await opened.store.write([create("ann", { name: "Ann" }, { author: "nurse" })]);
    await opened.store.write([update("ann", { name: "Anna" }, { author: "physician" })]);
    await opened.store.write([update("ann", { name: "Anne" })]);
    await opened.store.write([remove("ann", { author: "records office" })]);
    expect(await authors()).toEqual([
      [4, "records office"],
      [3, undefined],
      [2, "physician"],
      [1, "nurse"],
    ]);
    const first = await opened.store.readVersion("Patient", "ann", 1);
    expect(first).toMatchObject({ author: "nurse" });
    expect(first?.json).not.toContain("nurse");
    expect(await opened.store.readVersion("Patient", "ann", 4)).toMatchObject({ author: "records office", method: "delete" });
    expect((await opened.store.readVersion("Patient", "ann", 3))?.author).toBeUndefined();
  });

  it("are those of the prepare, whichever process commits it", async () => {
    await opened.store.prepare("t1", [create("ann", {}, { author: "nurse" })]);
    await opened.store.commit("t1", Date.now());
    await opened.store.prepare("t2", [remove("ann", { author: "physician" })]);
    await opened.store.commit("t2", Date.now());
    expect(await authors()).toEqual([
      [2, "physician"],
      [1, "nurse"],
    ]);
  });
});

describe.each(stores)("what is purged from the store in $name", (kit) => {
  const opened = freshStore(kit, wholeTexts);

  it("is removed with all its versions, search values and keys, and nothing else is", async () => {
    const { store } = opened;
    await store.write([create("ann", { name: "Ann" }, inBed("7")), create("bob", { name: "Bob" }), create("eve")]);
    await store.write([update("ann", { name: "Anna" }, inBed("7")), remove("eve")]);
    await store.purge("Patient", ["ann", "eve", "nobody"]);
    expect([await store.read("Patient", "ann"), await store.read("Patient", "eve")]).toEqual([undefined, undefined]);
    expect((await store.history({ type: "Patient", limit: 10 })).versions.map(({ id }) => id)).toEqual(["bob"]);
    expect(await store.count("Patient", [])).toBe(1);
    expect((await store.stats()).documents).toEqual({ Patient: 1 });
    const { rows } = await store.search({ type: "Patient", clauses: [named("Anna")], sort: [], limit: 10, want: "ids" });
    expect(rows).toEqual([]);
    expect(await store.write([create("new", {}, inBed("7")), create("ann")])).toMatchObject([{ version: 1 }, { version: 1 }]);
  });
});
