/** How the pages say a dosage that is coded or structured. */
import type { Dosage } from "../../fhir/r4.ts";
import { dosageWords } from "./pages/platform/dosage-words.ts";
import { language } from "./pages/platform/texts.ts";

describe("a dosage in words", () => {
  afterAll(() => {
    language.value = "en";
  });
  const coded = (code: string) => ({ code: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation", code }] } });
  it.each([
    ["en", { timing: { repeat: { frequency: 1, period: 1, periodUnit: "wk" } } }, "1\u00a0× / week"],
    ["en", { timing: coded("Q8H") }, "1\u00a0× / 8 hours"],
    ["en", { timing: coded("TID") }, "timing.aDay"],
    ["en", { asNeededBoolean: true, timing: coded("Q8H") }, "dosage.asNeeded\u00a0· dosage.apart"],
    [
      "fr",
      { timing: { repeat: { frequency: 2, period: 1, periodUnit: "wk", dayOfWeek: ["fri", "mon"] } } },
      "2\u00a0× / semaine\u00a0· lun., ven.",
    ],
    ["fr", { timing: { repeat: { period: 1, periodUnit: "mo", timeOfDay: ["08:00:00"] } } }, "1\u00a0× / mois\u00a0· 08:00"],
    ["ar", { timing: { repeat: { frequency: 3, period: 2, periodUnit: "wk" } } }, "\u20683\u00a0× / أسبوعان\u2069"],
    [
      "en",
      { timing: { repeat: { frequency: 1, period: 1, periodUnit: "d", when: ["ACM"], offset: 30 } } },
      "timing.aDay\u00a0· when.AC (30 mins)",
    ],
    ["en", { timing: { repeat: { when: ["PC", "HS"] } } }, "timing.aDay\u00a0· when.PC, when.HS"],
    ["en", { timing: { repeat: { when: ["MORN.early", "NIGHT"] } } }, "timing.aDay\u00a0· in the morning, at night"],
    ["ar", { timing: { repeat: { when: ["EVE"] } } }, "\u2067\u2068timing.aDay\u2069\u00a0· \u2068\u2068مساءً\u2069\u2069\u2069"],
    ["fr", { timing: { repeat: { when: ["WAKE", "NOON"] } } }, "timing.aDay\u00a0· WAKE, midi"],
    ["en", { timing: { repeat: { boundsPeriod: { start: "2026-03-01", end: "2026-03-08" } } } }, "dosage.until"],
    ["en", { timing: { repeat: { boundsDuration: { value: 10, code: "d" } } } }, "dosage.during"],
    ["en", { timing: { repeat: { boundsDuration: { value: 10, code: "mL" } } } }, ""],
    ["en", {}, ""],
  ] as const)("says how often, as it is coded or structured (%s, %j)", (code, dosage, words) => {
    language.value = code;
    expect(dosageWords([dosage as unknown as Dosage])).toBe(words);
  });
});
