import { matchesClauses } from "./matches-clauses.ts";
import type { Clause, KeyMatch } from "./query.ts";

const candidate = {
  id: "1",
  updated: 0,
  index: { keys: Array.from({ length: 20_000 }, (_, index): [number, string] => [index % 2, `=v${index}`]), ranges: [] },
};

/** A match that counts how often it is looked at. */
function counted(kind: "eq" | "prefix", value: string, looks: { count: number }): KeyMatch {
  return Object.defineProperty({}, kind, {
    enumerable: true,
    get: () => {
      looks.count += 1;
      return value;
    },
  }) as KeyMatch;
}

describe("clauses with many values for a resource with many values", () => {
  it.each(["eq", "prefix"] as const)("do not hold each against each: %s", (kind) => {
    const looks = { count: 0 };
    const any = Array.from({ length: 5_000 }, (_, index) => counted(kind, `=none${index}`, looks));
    expect(matchesClauses([{ kind: "key", slots: [0], any }], candidate)).toBe(false);
    expect(looks.count).toBeLessThanOrEqual(5 * any.length);
  });

  it.each<[clause: Clause, holds: boolean]>([
    [{ kind: "key", slots: [0], any: [{ eq: "=v4" }] }, true],
    [{ kind: "key", slots: [0], any: [{ eq: "=v5" }] }, false], // of the other slot
    [{ kind: "key", slots: [0, 1], any: [{ eq: "=v5" }] }, true],
    [{ kind: "key", slots: [1], any: [{ prefix: "=v1999" }] }, true],
    [{ kind: "key", slots: [1], any: [{ prefix: "=v2000" }] }, false],
    [{ kind: "key", slots: [1], any: [{ prefix: "=" }] }, true],
    [{ kind: "key", slots: [1], any: [{ prefix: "~" }] }, false],
    [{ kind: "key", slots: [1], any: [{ facet: "=", contains: "9999" }] }, true],
    [{ kind: "key", slots: [1], any: [{ facet: "=", contains: "=" }] }, false],
    [{ kind: "key", slots: [1], any: [{ facet: "=", ends: "v9" }] }, true],
    [{ kind: "key", slots: [1], any: [{ facet: "=", ends: "=v9" }] }, false],
    [{ kind: "key", slots: [2], any: [{ eq: "=v4" }], not: true }, true],
    [{ kind: "missing", slots: [2], missing: true }, true],
    [{ kind: "missing", slots: [1, 2], missing: true }, false],
    [{ kind: "missing", slots: [1], missing: false, prefix: ["#", "=w"] }, false],
  ])("%j: %s", (clause, holds) => {
    expect(matchesClauses([clause], candidate)).toBe(holds);
  });
});
