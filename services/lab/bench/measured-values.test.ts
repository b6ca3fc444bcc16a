/** Ranges and flags of values. */
import { readTypedNumber, type TypedNumber } from "../../../fhir/typed-number.ts";
import type { CatalogueTest } from "../bench.contract.ts";
import { readCatalogue, testsOf } from "./catalogue.ts";
import { flagOf, rangeFor } from "./measured-values.ts";

const [haemoglobin] = testsOf(readCatalogue(undefined), "718-7") as [CatalogueTest];

describe("the range of a test", () => {
  it.each([
    [
      { sex: "male", age: 40 },
      { low: 14, high: 17 },
    ],
    [
      { sex: "female", age: 40 },
      { low: 12, high: 16 },
    ],
    [
      { sex: "female", age: 17.9 },
      { low: 11, high: 16 },
    ],
    [{ age: 40 }, undefined],
    [{ sex: "male" }, undefined],
  ])("of %j is %j", (person, range) => {
    expect(rangeFor(haemoglobin, person)).toEqual(range);
  });
});

describe("a value", () => {
  const range = { low: 4, high: 8 };
  const critical = { low: 2, high: 10 };
  it.each([
    [5, "N"],
    [4, "N"],
    [3.9, "L"],
    [2, "LL"],
    [8.1, "H"],
    [10, "HH"],
    ["<2", "LL"],
    ["<4", "L"],
    ["<5", undefined],
    [">9", "H"],
    [">= 10", "HH"],
    [">5", undefined],
    ["≤ 3,5", "L"],
  ])("of %s is %s", (given, flag) => {
    expect(flagOf(typeof given === "number" ? { value: given } : (readTypedNumber(given) as TypedNumber), range, critical)).toBe(flag);
  });

  it("without a range has no flag", () => {
    expect(flagOf({ value: 5 }, undefined)).toBeUndefined();
  });
});
