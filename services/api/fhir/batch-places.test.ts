import { mapWeighted } from "../../../mesh/map-concurrent.ts";
import { PLACES, placesOf } from "./batch-places.ts";

const patient = (text: string) => ({ resourceType: "Patient", name: [{ text }] });
const entry = (method: string, url: string, resource?: object) => ({ ...(resource && { resource }), request: { method, url } });
const large = patient("a".repeat(10_000));

describe("the entries of a batch", () => {
  it.each<[what: string, entry: unknown, atOnce: number]>([
    ["small creates", entry("POST", "Patient", patient("Rossi")), 16],
    ["small conditional creates by the server's address", entry("POST", "http://a.example/fhir/Patient", patient("Rossi")), 16],
    ["small updates", entry("PUT", "Patient/1", patient("Rossi")), 16],
    ["large creates", entry("POST", "Patient", large), 4],
    [
      "creates of many small values",
      entry("POST", "Patient", { resourceType: "Patient", name: Array.from({ length: 4_096 }, () => ({})) }),
      16,
    ],
    [
      "creates of very many small values",
      entry("POST", "Patient", { resourceType: "Patient", name: Array.from({ length: 9_000 }, () => ({})) }),
      4,
    ],
    ["large updates", entry("PUT", "Patient/1", large), 4],
    ["reads", entry("GET", "Patient/1"), 4],
    ["searches by POST", entry("POST", "Patient/_search?name=a"), 4],
    ["operations", entry("POST", "Patient/$match", { resourceType: "Parameters" }), 4],
    ["patches", entry("PATCH", "Patient/1", { resourceType: "Parameters" }), 4],
    ["deletions", entry("DELETE", "Patient/1"), 4],
    ["entries that are none", null, 4],
  ])("%s are processed at the same time, as many as leave others their turn", async (_, one, atOnce) => {
    let [now, most] = [0, 0];
    const work = async (_one: unknown, index: number) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise(setImmediate);
      now -= 1;
      return index;
    };
    const items = Array.from({ length: 40 }, () => one);
    expect(await mapWeighted(items, work, { places: PLACES, placesOf })).toEqual(items.map((_one, index) => index));
    expect(most).toBe(atOnce);
  });

  it("that are large wait for places, and those behind them for theirs", async () => {
    const begun: number[] = [];
    const gates = Array.from({ length: 20 }, () => Promise.withResolvers<void>());
    const weights = Array.from({ length: 20 }, (_, index) => (index === 14 ? 4 : 1));
    const done = mapWeighted(
      weights,
      async (_, index) => {
        begun.push(index);
        await gates[index]?.promise;
      },
      { places: PLACES, placesOf: (weight) => weight },
    );
    expect(begun.length).toBe(14);
    for (const index of [0, 1]) gates[index]?.resolve();
    await new Promise(setImmediate);
    expect(begun).toEqual(Array.from({ length: 15 }, (_, index) => index));
    for (const { resolve } of gates) resolve();
    await done;
    expect(begun.length).toBe(20);
  });

  it("of none are done at once, and an error ends it", async () => {
    expect(await mapWeighted([], async () => 1, { places: 1, placesOf: () => 1 })).toEqual([]);
    const fails = mapWeighted([1, 2], () => Promise.reject(new Error("no")), { places: 1, placesOf: () => 1 });
    await expect(fails).rejects.toThrow("no");
  });
});
