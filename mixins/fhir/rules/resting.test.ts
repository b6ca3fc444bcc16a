import type { Service } from "moleculer";
import type { Fencing, VersionReference, Store } from "../../../store/store.ts";
import { restingHere } from "./resting.ts";

/** From the first prepare until an owner has heard the decision of a journal that it must ask: 25 s, a look each second, a call of 10 s. */
const LONGEST_DECISION_MS = 36_000;

describe("a fence at the resources that may refer to a deleted one", () => {
  it.each([
    ["lasts until a transaction is decided, however late", "node~1", true],
    ["ends soon after a single write", undefined, false],
  ])("%s", async (_, tx, isLong) => {
    const fenced: number[] = [];
    const store = {
      fence: async (_places: VersionReference[], { expiresAt }: Fencing) => void fenced.push(expiresAt - Date.now()),
      referredTo: async () => [],
    } as unknown as Store;
    const service = { store, broker: {} } as unknown as Service & { store: Store };
    const places = [{ type: "Patient", id: "ann", version: 1 }];
    expect(await restingHere(service, places, { owned: new Set(["Encounter"]), token: "token", tx })).toEqual([]);
    expect(fenced).toHaveLength(1);
    expect((fenced[0] as number) > LONGEST_DECISION_MS).toBe(isLong);
  });
});
