/** The counters and the map: what a store keeps beside resources. */
import { freshStore, stores } from "../test/kit/stores.ts";

describe.each(stores)("what is kept beside resources in $name", (kit) => {
  const opened = freshStore(kit);
  describe("counters", () => {
    it("are added to, and never fall below their minimum", async () => {
      expect(await opened.store.write([{ op: "add", counter: "stock:a", by: 3 }])).toMatchObject([{ outcome: "added", value: 3 }]);
      expect(await opened.store.write([{ op: "add", counter: "stock:a", by: -3, min: 0 }])).toMatchObject([{ value: 0 }]);
      await expect(opened.store.write([{ op: "add", counter: "stock:a", by: -1, min: 0 }])).rejects.toMatchObject({
        type: "COUNTER_BELOW",
        data: { value: 0 },
      });
      await opened.store.write([
        { op: "add", counter: "stock:b", by: 2 },
        { op: "add", counter: "stock:b", by: -1, min: 1 },
        { op: "add", counter: "t", by: 1 },
      ]);
      expect(await opened.store.counter("stock:b")).toBe(1);
      expect(await opened.store.counters("stock:", 10)).toEqual([
        { name: "stock:a", value: 0 },
        { name: "stock:b", value: 1 },
      ]);
      expect(await opened.store.counters("", 1)).toEqual([{ name: "stock:a", value: 0 }]);
      expect(await opened.store.counters("stock:", 10, "stock:a")).toEqual([{ name: "stock:b", value: 1 }]);
    });
  });

  it("counts decimals: three times 0.1 are 0.3", async () => {
    await opened.store.write([{ op: "add", counter: "ml", by: 0.3 }]);
    const tenth = { op: "add" as const, counter: "ml", by: -0.1, min: 0 };
    await opened.store.write([tenth]);
    await opened.store.prepare("tx", [tenth]);
    await opened.store.commit("tx", Date.now());
    expect(await opened.store.counter("ml")).toBe(0.1);
    expect(await opened.store.write([{ ...tenth, ifValue: 0.1 }])).toMatchObject([{ value: 0 }]);
    await expect(opened.store.write([tenth])).rejects.toMatchObject({ type: "COUNTER_BELOW" });
    expect(await opened.store.counters("ml", 1)).toEqual([{ name: "ml", value: 0 }]);
    await opened.store.write([{ op: "add", counter: "ml", by: 2 ** 53 - 1 }]);
    expect(await opened.store.counter("ml")).toBe(2 ** 53 - 1);
  });

  describe("the map", () => {
    it("stores a key once and returns what is stored", async () => {
      expect(await opened.store.put("tx:1", "commit")).toBe("commit");
      expect(await opened.store.put("tx:1", "abort")).toBe("commit");
      await opened.store.put("tx:2", "abort");
      await opened.store.put("u:1", "x");
      expect(await opened.store.entries("tx:", 10)).toEqual([
        { key: "tx:1", value: "commit" },
        { key: "tx:2", value: "abort" },
      ]);
      await opened.store.remove("tx:1");
      expect([await opened.store.get("tx:1"), await opened.store.get("tx:2")]).toEqual([undefined, "abort"]);
    });

    it("removes expired entries", async () => {
      await opened.store.put("key", "old", Date.now() - 1);
      expect(await opened.store.get("key")).toBeUndefined();
      expect(await opened.store.put("key", "new", Date.now() + 60_000)).toBe("new");
      expect(await opened.store.get("key")).toBe("new");
    });

    it("stores several entries in one step, or none if one of their keys exists", async () => {
      expect(
        await opened.store.putAll([
          { key: "a", value: "1" },
          { key: "b", value: "2" },
        ]),
      ).toEqual(["1", "2"]);
      expect(
        await opened.store.putAll([
          { key: "c", value: "3" },
          { key: "b", value: "4" },
        ]),
      ).toEqual([undefined, "2"]);
      expect([await opened.store.get("c"), await opened.store.get("b")]).toEqual([undefined, "2"]);
      await opened.store.put("d", "old", Date.now() - 1);
      expect(
        await opened.store.putAll([
          { key: "d", value: "new" },
          { key: "e", value: "ä" },
        ]),
      ).toEqual(["new", "ä"]);
      expect(await opened.store.usage("")).toEqual({ count: 4, bytes: 7 });
      expect(await opened.store.usage("e")).toEqual({ count: 1, bytes: 2 });
    });

    it("reports its size, whatever it is", async () => {
      for (let from = 0; from < 4_500; from += 1_500) {
        await opened.store.putAll(Array.from({ length: 1_500 }, (_, i) => ({ key: `many/${from + i}`, value: "ab" })));
      }
      await opened.store.put("other", "x");
      expect(await opened.store.usage("many/")).toEqual({ count: 4_500, bytes: 9_000 });
    });

    it("of 16 concurrent puts with overlapping entries lets one succeed", async () => {
      const puts = Array.from({ length: 16 }, (_, i) =>
        opened.store.putAll([
          { key: "shared", value: `${i}` },
          { key: `own:${i}`, value: "x" },
        ]),
      );
      const stored = await Promise.all(puts);
      expect(stored.filter(([, own]) => own !== undefined)).toHaveLength(1);
      expect(await opened.store.entries("own:", 16)).toHaveLength(1);
    });
  });
});
