import type { OwnerStep } from "../../federation/owner-contract.ts";
import type { Store } from "../../store/store.ts";
import { boundSteps } from "./read-before.ts";

describe("a write of a type that has rules", () => {
  const store = {
    read: async (type: string, id: string) => ({ type, id, version: 4, updated: 0, method: "update", json: `{"resourceType":"${type}"}` }),
  } as unknown as Store;
  const update = (ifVersion?: number[]): OwnerStep => ({
    op: "update",
    type: "Encounter",
    id: "1",
    text: "{}",
    upsert: false,
    ...(ifVersion && { ifVersion }),
  });

  it.each([
    ["no version is named", undefined, [4], true],
    ["its version is one of several that are named", [3, 4], [4], true],
    ["its version is the only one named", [4], [4], false],
    ["its version is none of those named, which the store refuses", [3, 5], [3, 5], false],
  ])("is bound to what its rules have seen, when %s", async (_, named, bound, isGuarded) => {
    const { steps, guarded } = await boundSteps([update(named)], store, () => true);
    expect([steps, guarded.has(0)]).toEqual([[update(bound)], isGuarded]);
  });
});
