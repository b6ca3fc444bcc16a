import type { Directory } from "../../../federation/directory.ts";
import type { Caller } from "../../../mesh/caller.ts";
import type { Store } from "../../../store/store.ts";
import { GatheredFacts } from "./gather.ts";

describe("the other resources that rules need", () => {
  /** The owner of everything, whose store has a resource from the given look on. */
  const factsOf = (isShared: boolean, from: number) => {
    let looks = 0;
    const store = {
      readAll: async () => {
        looks += 1;
        return [looks < from ? undefined : { version: 1, json: '{"resourceType":"Encounter","status":"in-progress"}' }];
      },
    } as unknown as Store;
    const directory = { known: () => [{ service: "visits", alive: true }], isShared: () => isShared } as unknown as Directory;
    return new GatheredFacts(
      { caller: {} as Caller, directory, service: "visits", store, naming: { ask: async () => [] } },
      new Map(),
      new Map(),
    );
  };

  it.each([
    ["is looked for once more where its type has several owners: it may have moved between two looks", true, 2, "living"],
    ["is absent when it is not there then either", true, 3, "absent"],
    ["is absent at once where its type has one owner", false, 2, "absent"],
  ])("%s", async (_, isShared, from, is) => {
    const facts = factsOf(isShared, from);
    await facts.ask(["Encounter/1"]);
    expect(facts.of("Encounter/1")).toMatchObject({ is });
  });
});
