/** Amounts in the minor units of their currency, by their decimal notation. */
import { fineUnitsIn, money, sumInUnits, unitsIn } from "./minor-units.ts";

it.each([
  [1.005, "EUR", 101],
  [-1.005, "EUR", -101],
  [4.35, "EUR", 435],
  [12.5, "JPY", 13],
  [1.2345, "TND", 1_235],
  [0, "EUR", 0],
])("%d %s is %d of the smallest unit, rounded away from zero", (amount, currency, units) => {
  expect(unitsIn(amount, currency)).toBe(units);
});

it("a sum is rounded once, and a price per unit not at all", () => {
  expect([sumInUnits([1.005, 1.005], "EUR"), sumInUnits([0.1, 0.2], "EUR"), sumInUnits([], "EUR")]).toEqual([201, 30, 0]);
  expect(fineUnitsIn(0.0125, "EUR")).toBe(1.25);
  expect(money(1_005, "TND")).toEqual({ value: 1.005, currency: "TND" });
});
