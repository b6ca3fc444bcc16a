import { create, IDENTIFIER, NAME, remove, update } from "../test/kit/resources.ts";
import { freshStore, stores } from "../test/kit/stores.ts";

/** Which search values are in use: what `$meta` of a type or of the system is asked from. */
describe.each(stores)("the values in use in $name", (kit) => {
  const opened = freshStore(kit);

  const inUse = (limit: number) => opened.store.distinct([NAME, IDENTIFIER], limit);

  it("are returned once each, in order, of existing resources, as identities only", async () => {
    await opened.store.write([
      create("a", { name: "ann", identifier: "2" }),
      create("b", { name: "bob", identifier: "2" }),
      create("c", { identifier: "1" }),
      create("d", { identifier: "3" }),
      create("e", { identifier: "" }),
      create("f", { identifier: "9" }),
    ]);
    await opened.store.write([remove("f"), update("d", { identifier: ">" })]);
    expect(await inUse(10)).toEqual([
      [IDENTIFIER, "=1"],
      [IDENTIFIER, "=2"],
      [IDENTIFIER, "=>"],
    ]);
    expect(await inUse(2)).toEqual([
      [IDENTIFIER, "=1"],
      [IDENTIFIER, "=2"],
    ]);
  });

  it("are empty for an empty store, even with many slots", async () => {
    expect(
      await opened.store.distinct(
        Array.from({ length: 130 }, (_, index) => index + 1),
        5,
      ),
    ).toEqual([]);
  });
});
