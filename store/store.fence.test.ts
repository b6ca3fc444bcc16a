import { create, remove, update } from "../test/kit/resources.ts";
import { freshStore, stores } from "../test/kit/stores.ts";
import type { Reliance } from "./store.ts";

/** What a store is asked for by a write that was decided on other resources, and by who deletes those. */
describe.each(stores)("what a write relies on, in $name", (kit) => {
  const opened = freshStore(kit, { waitMs: 200 });

  const ann = (version: number) => ({ type: "Patient", id: "ann", version });
  const relying = (version: number, isOwn = false, until = performance.now() + 60_000): Reliance => ({
    on: [{ ...ann(version), isOwn }],
    until,
  });
  const soon = (token = "one") => ({ token, expiresAt: Date.now() + 60_000 });

  it("is valid for the agreed time, for its own store, and for the version that was read", async () => {
    await opened.store.write([create("ann")]);
    expect(await opened.store.write([create("a")], undefined, relying(1, true))).toMatchObject([{ outcome: "created" }]);
    const late = relying(1, true, performance.now() - 1);
    await expect(opened.store.write([create("b")], undefined, late)).rejects.toMatchObject({ type: "FACTS_OUTDATED" });
    await opened.store.write([update("ann", { name: "Ann" })]);
    await expect(opened.store.write([create("b")], undefined, relying(1, true))).rejects.toMatchObject({ type: "FACTS_OUTDATED" });
    await opened.store.write([remove("ann")]);
    await expect(opened.store.write([create("b")], undefined, relying(3, true))).rejects.toMatchObject({ type: "FACTS_OUTDATED" });
  });

  it("can be fenced: writes can no longer rely on that version, but on a later one", async () => {
    await opened.store.fence([ann(2)], soon());
    for (const version of [1, 2]) {
      await expect(opened.store.write([create("a")], undefined, relying(version))).rejects.toMatchObject({ type: "FACTS_OUTDATED" });
    }
    expect(await opened.store.write([create("a")], undefined, relying(3))).toMatchObject([{ outcome: "created" }]);
    expect(await opened.store.write([create("b")])).toMatchObject([{ outcome: "created" }]);
    await opened.store.unfence([ann(2)], "one");
    expect(await opened.store.write([create("c")], undefined, relying(2))).toMatchObject([{ outcome: "created" }]);
    await opened.store.fence([ann(2)], { token: "one", expiresAt: Date.now() - 1 }); // it is over
    expect(await opened.store.write([create("d")], undefined, relying(2))).toMatchObject([{ outcome: "created" }]);
  });

  it.each([{ isAlone: false }, { isAlone: true }])(
    "is fenced by several: each takes away its own, the highest version counts (%j)",
    async (how) => {
      await opened.store.fence([ann(3)], soon("one"), how);
      await opened.store.fence([ann(2)], soon("two"), how);
      await opened.store.fence([ann(2)], soon("two"), how); // asked again
      const outdated = { type: "FACTS_OUTDATED" };
      await expect(opened.store.write([create("a")], undefined, relying(3))).rejects.toMatchObject(outdated);
      await opened.store.unfence([ann(3)], "one");
      await expect(opened.store.write([create("a")], undefined, relying(2))).rejects.toMatchObject(outdated);
      expect(await opened.store.write([create("a")], undefined, relying(3))).toMatchObject([{ outcome: "created" }]);
      await opened.store.unfence([ann(2)], "two");
      expect(await opened.store.write([create("b")], undefined, relying(2))).toMatchObject([{ outcome: "created" }]);
    },
  );

  it("can be fenced by a single process for as long as that process runs", async () => {
    await opened.store.fence([ann(2)], soon(), { isAlone: true });
    await expect(opened.store.write([create("a")], undefined, relying(2))).rejects.toMatchObject({ type: "FACTS_OUTDATED" });
    expect(await opened.store.write([create("a")], undefined, relying(3))).toMatchObject([{ outcome: "created" }]);
    await opened.store.unfence([ann(2)], "one");
    expect(await opened.store.write([create("b")], undefined, relying(2))).toMatchObject([{ outcome: "created" }]);
    await opened.store.prepare("tx", [create("c", { name: "Patient/ann" })], relying(2));
    await expect(opened.store.fence([ann(2)], soon(), { isAlone: true })).rejects.toMatchObject({ type: "LOCKED" });
    await opened.store.abort("tx");
  });

  it("cannot be fenced while another transaction that relies on it is prepared", async () => {
    await opened.store.prepare("tx", [create("a", { name: "Patient/ann" })], relying(1));
    await expect(opened.store.fence([ann(1)], soon())).rejects.toMatchObject({ type: "LOCKED" });
    await opened.store.fence([ann(1)], soon(), { tx: "tx" });
    await opened.store.unfence([ann(1)], "one");
    await opened.store.commit("tx", Date.now());
    await opened.store.fence([ann(1)], soon());
    await expect(opened.store.prepare("late", [create("b")], relying(1))).rejects.toMatchObject({ type: "FACTS_OUTDATED" });
  });
});
