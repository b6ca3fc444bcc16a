/** How often, and how much of it, a medication may be given as needed. */
import { brokenBy, earliestFor, limitsOf } from "./dose-limits.ts";
import type { Dosage, Quantity } from "./r4.ts";
import { isAsNeeded } from "./timing.ts";

const at = (time: string): number => Date.parse(`2026-03-08T${time}:00Z`);
const of = (value: number, unit: string): Quantity => ({ value, unit, code: unit, system: "http://unitsofmeasure.org" });
const sixHourly: Dosage = { asNeededBoolean: true, timing: { repeat: { frequency: 1, period: 6, periodUnit: "h" } } };
const coded = (code: string): Dosage => ({
  asNeededBoolean: true,
  timing: { code: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation", code }] } },
});
const thrice: Dosage = { asNeededCodeableConcept: { text: "pain" }, timing: { repeat: { frequency: 3, period: 1, periodUnit: "d" } } };
const fourGrams: Dosage = {
  asNeededBoolean: true,
  doseAndRate: [{ doseQuantity: of(1, "g") }],
  maxDosePerPeriod: { numerator: of(4, "g"), denominator: of(1, "d") },
};

describe("a medication that is given as needed", () => {
  it.each<[string, Dosage, { given: string[]; next: string; broken?: string; from?: string }]>([
    ["six hours after the dose before", sixHourly, { given: ["08:00"], next: "14:00" }],
    ["a minute too early", sixHourly, { given: ["08:00"], next: "13:59", broken: "doses", from: "14:00" }],
    ["that was given before one that is on record", sixHourly, { given: ["13:00"], next: "08:00", broken: "doses", from: "19:00" }],
    ["six hours after the dose before, by the code of its timing", coded("Q6H"), { given: ["08:00"], next: "14:00" }],
    ["too early, by the code of its timing", coded("Q6H"), { given: ["08:00"], next: "13:59", broken: "doses", from: "14:00" }],
    ["for the third time in a day, by the code of its timing", coded("BID"), { given: ["01:00", "02:00"], next: "22:00", broken: "doses" }],
    ["for the third time in a day", thrice, { given: ["01:00", "02:00"], next: "03:00" }],
    ["for the fourth time in a day", thrice, { given: ["01:00", "02:00", "03:00"], next: "22:00", broken: "doses" }],
    ["up to the maximum of a day", fourGrams, { given: ["01:00", "02:00", "03:00"], next: "04:00" }],
    ["above the maximum of a day", fourGrams, { given: ["01:00", "02:00", "03:00", "04:00"], next: "05:00", broken: "amount" }],
    ["that says only that it is as needed", { asNeededBoolean: true }, { given: ["08:00", "08:01"], next: "08:02" }],
    ["at times, not as needed", { ...sixHourly, asNeededBoolean: false }, { given: ["08:00"], next: "08:30" }],
  ])("%s", (_, dosage, { given, next, broken, from }) => {
    const [doses, limits] = [given.map((time) => ({ at: at(time) })), limitsOf(dosage)];
    expect(brokenBy({ at: at(next) }, doses, limits)?.of).toBe(broken);
    if (broken === undefined) expect(earliestFor({ at: at(next) }, doses, limits)).toBe(at(next));
    if (from !== undefined) expect(earliestFor({ at: at(next) }, doses, limits)).toBe(at(from));
  });

  it("is counted by what was given, in any unit of the same kind", () => {
    const limits = limitsOf(fourGrams);
    const given = [
      { at: at("01:00"), dose: of(1_500, "mg") },
      { at: at("02:00"), dose: of(1.5, "g") },
    ];
    expect(brokenBy({ at: at("03:00") }, given, limits)).toBeUndefined();
    expect(brokenBy({ at: at("03:00"), dose: of(1_001, "mg") }, given, limits)?.of).toBe("amount");
    expect(earliestFor({ at: at("03:00"), dose: of(2, "g") }, given, limits)).toBe(at("01:00") + 86_400_000);
    expect(earliestFor({ at: at("03:00"), dose: of(5, "g") }, given, limits)).toBeUndefined();
    expect(brokenBy({ at: at("03:00"), dose: of(9, "{tablet}") }, given, limits)).toBeUndefined();
    const tenths = { ...fourGrams, doseAndRate: [{ doseQuantity: of(0.1, "mg") }] };
    const most = limitsOf({ ...tenths, maxDosePerPeriod: { numerator: of(0.3, "mg"), denominator: of(24, "h") } });
    expect(brokenBy({ at: at("03:00") }, [{ at: at("01:00") }, { at: at("02:00") }], most)).toBeUndefined();
  });

  it("may be given every four to six hours: after four", () => {
    const limits = limitsOf({ ...sixHourly, timing: { repeat: { period: 4, periodMax: 6, periodUnit: "h" } } });
    expect(earliestFor({ at: at("09:00") }, [{ at: at("08:00") }], limits)).toBe(at("12:00"));
    expect([isAsNeeded(sixHourly), isAsNeeded(thrice), isAsNeeded({})]).toEqual([true, true, false]);
  });
});
