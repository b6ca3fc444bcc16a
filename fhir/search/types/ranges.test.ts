import * as fc from "fast-check";
import { matchesClauses } from "../matches-clauses.ts";
import { givenNumber, nextTo } from "../numbers.ts";
import { dateMatches } from "./date.ts";
import { numberMatches } from "./number.ts";
import { comparisons, prefixes, rangeClauses } from "./prefix.ts";
import { nonNull } from "../../non-null.ts";

/** R4's table of prefixes (3.1.1.4.5) over a short line of whole points; both intervals as sets of points. */
function bySpecification(prefix: string, search: [number, number], target: [number, number]): boolean {
  const points = (low: number, high: number) => Array.from({ length: high - low + 1 }, (_, i) => low + i);
  const within = points(...search);
  const value = points(...target);
  const isContained = value.every((point) => within.includes(point));
  const overlaps = (low: number, high: number) => value.some((point) => point >= low && point <= high);
  const above = overlaps(search[1] + 1, 1_000);
  const below = overlaps(-1_000, search[0] - 1);
  const overlapsSearch = overlaps(...search);
  const answers: Record<string, boolean> = {
    eq: isContained,
    ne: !isContained,
    gt: above,
    lt: below,
    ge: above || isContained,
    le: below || isContained,
    sa: !overlapsSearch && above && !below,
    eb: !overlapsSearch && below && !above,
    ap: overlapsSearch,
  };
  return nonNull(answers[prefix]);
}

const interval = fc.tuple(fc.integer({ min: -8, max: 8 }), fc.nat(5)).map(([low, length]): [number, number] => [low, low + length]);

describe("a search prefix", () => {
  it.each(prefixes)("%s finds what R4's table says, also where the two overlap in part", (prefix) => {
    fc.assert(
      fc.property(interval, interval, (search, target) => {
        const clauses = rangeClauses([1], comparisons(prefix, ...search));
        const found = matchesClauses(clauses, { id: "1", updated: 0, index: { keys: [], ranges: [[1, ...target, ""]] } });
        expect(found).toBe(bySpecification(prefix, search, target));
      }),
      { numRuns: 500 },
    );
  });

  it("ge gives the index one bound to start from, without changing the result", () => {
    expect(rangeClauses([1], comparisons("ge", 5, 9))).toEqual([
      { kind: "range", slots: [1], any: [{ highGe: 5 }] },
      { kind: "range", slots: [1], any: [{ highGt: 9 }, { lowGe: 5, highGe: 5 }] },
    ]);
  });
});

describe("a date in a search", () => {
  it("accepts a plus that the URL decoded to a space", () => {
    expect(dateMatches("2020-01-01T00:00:00 01:00", "date", { now: 0 })).toEqual(
      dateMatches("2020-01-01T00:00:00+01:00", "date", { now: 0 }),
    );
  });

  it("with ap is approximate by a tenth of the time between it and now", () => {
    const now = Date.UTC(2020, 0, 1);
    const [match] = dateMatches("ap2010-01-01T00:00:00.000Z", "date", { now });
    const margin = (now - Date.UTC(2010, 0, 1)) / 10;
    expect(match).toEqual({ lowLe: Date.UTC(2010, 0, 1) + margin, highGe: Date.UTC(2010, 0, 1) - margin });
  });

  it("with ge and le finds overlapping periods where that is the definition", () => {
    const [low, high] = [Date.UTC(2020, 0, 2), Date.UTC(2020, 0, 3) - 1];
    const matches = (prefix: string) => dateMatches(`${prefix}2020-01-02`, "date", { now: 0, dates: "overlap" });
    expect(matches("ge")).toEqual([{ highGe: low }]);
    expect(matches("le")).toEqual([{ lowLe: high }]);
    for (const prefix of ["", "ne", "gt", "lt", "sa", "eb"]) {
      expect(matches(prefix)).toEqual(dateMatches(`${prefix}2020-01-02`, "date", { now: 0 }));
    }
  });

  it.each(["", "ge", "2020-13", "xx2020", "gegt2020", "today"])("is refused when it is %p", (value) => {
    expect(() => dateMatches(value, "date", { now: 0 })).toThrow(expect.objectContaining({ status: 400 }));
  });
});

describe("a number in a search", () => {
  it.each([
    ["100", 99.5, 100.5],
    ["100.00", 99.995, 100.005],
    ["1e2", 95, 105],
    ["1.00e2", 99.5, 100.5],
    ["5.40e-3", 0.005395, 0.005405],
    ["5.40", 5.395, 5.405],
    ["0", -0.5, 0.5],
    ["-3", -3.5, -2.5],
    ["+7", 6.5, 7.5],
    ["0.1", 0.05, 0.15],
  ])("%s stands for %d to %d", (text, low, high) => {
    expect(givenNumber(text)).toMatchObject({ low, high });
  });

  it("equals what is rounded to it, except for the upper end", () => {
    const [match] = numberMatches("100", "probability");
    expect(match).toEqual({ lowGe: 99.5, highLe: nextTo(100.5, -1) });
    expect(numberMatches("gt100", "probability")).toEqual([{ highGt: 100 }]);
    expect(numberMatches("le100", "probability")).toEqual([{ lowLt: 100 }, { lowLe: 100, highLe: 100 }]);
  });

  it.each(["", "ge", "abc", "1,5", "0x10", "1e", ".5", "5.", "1e999", "Infinity", "--5"])("is refused when it is %p", (value) => {
    expect(() => numberMatches(value, "probability")).toThrow(expect.objectContaining({ status: 400 }));
  });

  it("has a next double directly above it", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }), (value) => {
        expect(nextTo(value, 1)).toBeGreaterThan(value);
        expect(nextTo(value, -1)).toBeLessThan(value);
        expect(nextTo(nextTo(value, 1), -1) === value || value === 0 || Math.abs(value) === Number.MIN_VALUE).toBe(true);
      }),
    );
  });
});

describe("a number with more digits than a double", () => {
  it.each(["1234567890.1234567", "12345678901234567", "3.14159265358979323846", "-0.1234567890123456789"])("%s equals itself", (text) => {
    const value = Number(text);
    const holdsFor = (prefix: string) =>
      numberMatches(prefix + text, "value").some(
        ({ lowGe = -Infinity, lowLt = Infinity, highLe = Infinity, highGt = -Infinity }) =>
          value >= lowGe && value < lowLt && value <= highLe && value > highGt,
      );
    expect([holdsFor("eq"), holdsFor("ne"), holdsFor("gt"), holdsFor("lt")]).toEqual([true, false, false, false]);
  });
});
