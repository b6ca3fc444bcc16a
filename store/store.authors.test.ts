/** What a store promises of the authors of versions: kept beside each version, never in the resource. */
import { create, remove, update } from "../test/kit/resources.ts";
import { freshStore, stores } from "../test/kit/stores.ts";

describe.each(stores)("the authors of versions in $name", (kit) => {
  const opened = freshStore(kit);
  const authors = async () => {
    const { versions } = await opened.store.history({ type: "Patient", id: "ann", limit: 10 });
    return versions.map(({ version, author }) => [version, author]);
  };

  it("are kept with each version, also of a deletion, and are not in the resource", async () => {
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

  it("are those of the prepare, whoever commits it", async () => {
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
