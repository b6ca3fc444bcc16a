import { v7 as timeOrderedId } from "uuid";
import { freshStore, stores } from "../../test/kit/stores.ts";
import { answeredBefore, idsOf, lineOf } from "./attempt.ts";
import { decideCommit, outcomeOrAbort } from "./journal.ts";

const created = (id: string) => [{ status: 201, type: "Patient", id, version: 1, updated: 5 }, null];

describe.each(stores)("a transaction that is sent again because its coordinator died, in $name", (kit) => {
  const opened = freshStore(kit);
  const decide = (tx: string, key: string, id: string) =>
    decideCommit(opened.store, { tx, at: 1, owners: ["patients"] }, lineOf({ key, isRepeated: false }, tx, created(id)));

  it("is committed by one attempt, and all get its answer, even an attempt that was taken for dead and resumes", async () => {
    const key = timeOrderedId();
    expect(await answeredBefore(opened.store, { key, isRepeated: true })).toBeUndefined();
    expect(await decide("one~1", key, "a")).toEqual({ state: "committed", at: 1 });
    expect(await answeredBefore(opened.store, { key, isRepeated: true })).toEqual({ tx: "one~1", results: created("a") });

    const second = await decide("two~1", key, "b");
    expect(second).toEqual({ state: "aborted", isDecidedBefore: true });
    expect(await outcomeOrAbort(opened.store, "two~1", false)).toEqual({ state: "aborted" });
    expect(await outcomeOrAbort(opened.store, "one~1", false)).toEqual({ state: "committed", at: 1 });
  });

  it("is not committed, and keeps no answer, if an owner has aborted it", async () => {
    const key = timeOrderedId();
    await outcomeOrAbort(opened.store, "one~1", true);
    expect(await decide("one~1", key, "a")).toEqual({ state: "aborted" });
    expect(await answeredBefore(opened.store, { key, isRepeated: true })).toBeUndefined();
    expect(await decide("two~1", key, "b")).toEqual({ state: "committed", at: 1 });
  });
});

describe("the ids of resources that a transaction creates", () => {
  it("are the same in each attempt, in the order of the entries, and in no other transaction", () => {
    const [one, other] = [timeOrderedId(), timeOrderedId()].map((key) => {
      const [first, second] = [idsOf({ key, isRepeated: false }), idsOf({ key, isRepeated: true })];
      const ids = Array.from({ length: 10_000 }, (_, index) => first(index));
      expect([0, 7, 9_999].map(second)).toEqual([ids[0], ids[7], ids[9_999]]);
      expect(ids.toSorted()).toEqual(ids);
      for (const id of ids) expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
      return ids;
    });
    expect(new Set([...(one ?? []), ...(other ?? [])]).size).toBe(20_000);
  });
});
