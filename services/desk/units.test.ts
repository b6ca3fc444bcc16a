import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ar as arabic, en as english, fr as french } from "@messageformat/runtime/lib/cardinals";
import { birthDateIn, lookedFor } from "./pages/platform/birth-date.ts";
import { CURRENCIES } from "../../fhir/currencies.ts";
import { dayIn, lastDayIn, monthsAfter, typedDay, weeksOf } from "./pages/platform/days.ts";
import { exponentOf } from "../../fhir/currency-decimals.ts";
import { moneyText, moneyTyped, unitsTyped } from "./pages/platform/money.ts";
import { numberTyped, requireOneWay } from "./pages/platform/numbers.ts";
import { isSame, mergedOf } from "./pages/platform/merging.ts";
import { nameOf } from "./pages/platform/names.ts";
import { ar, en, fr } from "./pages/platform/plurals.ts";
import { typedIn } from "./pages/platform/shown-values.ts";
import { timeIn } from "./pages/platform/times.ts";
import { joined, language, listed } from "./pages/platform/texts.ts";
import { unitOf } from "./pages/platform/units.ts";

describe("a person in a list", () => {
  it("who is not known at the moment is not said to have no name", () => {
    expect([nameOf(undefined), nameOf({}), nameOf({ name: [{ family: "Rossi" }] })]).toEqual(["person.notKnown", "person.noName", "Rossi"]); // texts that are not loaded are named by their keys
  });
});

describe("Several texts in one line", () => {
  afterAll(() => {
    language.value = "en";
  });

  it.each([
    ["en", ["1 tablet", "twice a day"], "1 tablet\u00a0· twice a day"],
    ["en", ["سعيد", "خليفي"], "\u2066\u2068سعيد\u2069\u00a0· \u2068خليفي\u2069\u2069"], // else the second stood first
    ["ar", ["1 tablet", "مرتان"], "\u2067\u20681 tablet\u2069\u00a0· \u2068مرتان\u2069\u2069"],
    ["ar", ["1 tablet", ""], "\u20681 tablet\u2069"],
    ["ar", ["", ""], ""],
  ] as const)("are in the order of the page's direction, each in its own (%s, %j)", (code, parts, line) => {
    language.value = code;
    expect(joined(...parts)).toBe(line);
  });

  it.each([
    ["en", ["penicillin", undefined, "latex"], "penicillin, latex"],
    ["fr", ["pénicilline", "latex"], "pénicilline, latex"],
    ["ar", ["Penicillin", "اللاتكس", ""], "\u2068Penicillin\u2069، \u2068اللاتكس\u2069"],
    ["ar", [], ""],
  ] as const)("are listed with the comma of the language, each in its own direction (%s, %j)", (code, parts, list) => {
    language.value = code;
    expect(listed(parts)).toBe(list);
  });

  it("are joined and listed in one place only, which knows of directions", () => {
    const folder = join(import.meta.dirname, "pages");
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
    const joining = files.filter((name) => /\.join\([^)]*·|\.join\("[,;] /.test(readFileSync(join(folder, name), "utf8")));
    expect(joining).toEqual([join("platform", "texts.ts")]);
  });
});

describe("The plural form of a number", () => {
  it.each([
    ["en", en, english],
    ["fr", fr, french],
    ["ar", ar, arabic],
  ] as const)("is that of its language, without the rules of all others (%s)", (_, own, ofAll) => {
    const numbers = [...Array.from({ length: 250 }, (__, index) => index), 1_000_000, 0.5, 1.5];
    expect(numbers.map(own)).toEqual(numbers.map((value) => ofAll(value)));
  });
});

describe("A number in a field", () => {
  afterAll(() => {
    language.value = "en";
  });

  it.each([
    ["en", 0.5, "0.5"],
    ["fr", 0.5, "0,5"],
    ["fr", 1250, "1250"],
    ["fr", 0.0625, "0,0625"],
    ["fr", 1.125, "1.125"], // with a comma it could be a thousand
    ["ar", 1250.5, "1250.5"],
  ] as const)("stands as it is typed in the language (%s, %d), and is read as the same number", (code, value, text) => {
    language.value = code;
    expect(typedIn(value)).toBe(text);
    expect(numberTyped(typedIn(value))).toBe(value);
  });
});

describe("A unit on a page", () => {
  it.each([
    ["10*3/uL", "10³/µL"],
    ["10*6/uL", "10⁶/µL"],
    ["mL/min/{1.73_m2}", "mL/min/1.73 m²"],
    ["kg/m2", "kg/m²"],
    ["ug/mL", "µg/mL"],
    ["{score}", "score"],
    ["mm[Hg]", "mmHg"],
    ["Cel", "°C"],
    ["[iU]/L", "IU/L"],
    ["m[IU]/mL", "mIU/mL"],
    ["U/L", "U/L"],
    ["g/dL", "g/dL"],
    ["tablet", "tablet"],
    ["unit", "unit"],
  ])("%s reads %s", (code, unit) => {
    expect(unitOf(code)).toBe(unit);
  });
});

describe("A time", () => {
  it.each([
    ["830", "08:30"],
    ["8:30", "08:30"],
    ["08:30", "08:30"],
    ["8h30", "08:30"],
    ["8 h 30", "08:30"],
    ["8.30", "08:30"],
    ["8h", "08:00"],
    ["8", "08:00"],
    ["23", "23:00"],
    ["0000", "00:00"],
    ["1430", "14:30"],
    ["2 pm", "14:00"],
    ["2:30 p.m.", "14:30"],
    ["12 am", "00:00"],
    ["12:15 PM", "12:15"],
    ["٨:٣٠", "08:30"],
    ["٨٣٠", "08:30"],
    ["٢:٣٠ م", "14:30"],
    ["۱۴:۳۰", "14:30"],
    ["\u2067٨:٣٠\u2069", "08:30"],
  ])("typed %s is %s", (text, time) => {
    expect(timeIn(text)).toBe(time);
    expect(timeIn(time)).toBe(time); // as the field shows it
  });

  it.each(["", "24:00", "8:60", "8:3", "13 pm", "0 am", "12345", "soon", "8h3", "-8", "8:30:00"])("is not read from “%s”", (text) => {
    expect(timeIn(text)).toBeUndefined();
  });
});

describe("A day", () => {
  it.each([
    ["8/3/2027", "2027-03-08"],
    ["2027-03-08", "2027-03-08"],
    ["8.3.27", "2027-03-08"],
    ["8/3", "2026-03-08"],
    ["8 March", "2026-03-08"],
    ["8 mars 2027", "2027-03-08"],
    ["٨/٣/٢٠٢٧", "2027-03-08"],
    ["8 مارس", "2026-03-08"],
    ["29/2/2028", "2028-02-29"],
    ["\u206808/03/2027\u2069", "2027-03-08"], // copied from a page
    ["٨،٣،٢٠٢٧", "2027-03-08"],
  ])("typed %s is %s", (text, day) => {
    expect(dayIn(text, "2026-11-29")).toBe(day);
    expect(dayIn(typedDay(day), "2026-11-29")).toBe(day); // as the field shows it
  });

  it.each(["", "3/2027", "2027", "12", "31/2/2027", "29/2", "8/13/2027", "soon", "8/3/2", "8/3/127"])("is not read from “%s”", (text) => {
    expect(dayIn(text, "2026-11-29")).toBeUndefined();
  });

  it.each([
    ["03/2027", "2027-03-31"],
    ["3.27", "2027-03-31"],
    ["02/2028", "2028-02-29"],
    ["١٢/٢٠٢٧", "2027-12-31"],
    ["8/3/2027", "2027-03-08"],
    ["13/2027", undefined],
    ["2027", undefined],
  ])("until which a pack is good is read from “%s”", (text, day) => {
    expect(lastDayIn(text, "2026-11-29")).toBe(day);
  });

  it("of a calendar stands in a week that begins as the language has it, and its month has all its days", () => {
    for (const [first, start] of [
      [1, "2026-02-23"],
      [6, "2026-02-28"],
      [7, "2026-03-01"],
    ] as const) {
      const weeks = weeksOf("2026-03-08", first);
      expect(weeks[0]?.[0]).toBe(start);
      expect(new Set(weeks.flat().filter((day) => day.startsWith("2026-03"))).size).toBe(31);
    }
    expect([monthsAfter("2026-01-31", 1), monthsAfter("2026-03-31", -1), monthsAfter("2024-02-29", 12)]).toEqual([
      "2026-02-28",
      "2026-02-28",
      "2025-02-28",
    ]);
  });
});

describe("A date of birth", () => {
  it.each([
    ["1951-03-08", "1951-03-08"],
    ["1951-03", "1951-03"],
    ["1951", "1951"],
    ["8/3/1951", "1951-03-08"],
    ["08.03.1951", "1951-03-08"],
    [" 08-03-1951 ", "1951-03-08"],
    ["8 3 1951", "1951-03-08"],
    ["3/1951", "1951-03"],
    ["٨/٣/١٩٥١", "1951-03-08"],
    ["8 March 1951", "1951-03-08"],
    ["March 8, 1951", "1951-03-08"],
    ["8th mar. 1951", "1951-03-08"],
    ["8 mars 1951", "1951-03-08"],
    ["1er août 1951", "1951-08-01"],
    ["20 juil. 1951", "1951-07-20"],
    ["Février 1951", "1951-02"],
    ["٨ مارس ١٩٥١", "1951-03-08"],
    ["8 آذار 1951", "1951-03-08"],
    ["8 جانفي 1951", "1951-01-08"],
    ["8 كانون الثاني 1951", "1951-01-08"],
    ["غشت 1951", "1951-08"],
    ["\u20688 مارس 1951\u2069", "1951-03-08"],
    ["\u200f٨/٣/١٩٥١", "1951-03-08"],
    ["٨، مارس، ١٩٥١", "1951-03-08"],
    ["68", "1958"],
    ["0", "2026"],
  ])("that is typed as %j is %s", (typed, meant) => {
    expect(birthDateIn(typed, "2026-11-29")).toBe(meant);
  });

  it.each([
    "31/2/1951",
    "8/13/1951",
    "121",
    "8/3/51",
    "1951-03-08-1",
    "yesterday",
    "",
    "8//1951",
    "8 jui 1951",
    "31 Feb 1951",
    "8 March",
    "Rossi 1951",
  ])("is not read out of %j", (typed) => {
    expect(birthDateIn(typed, "2026-11-29")).toBeUndefined();
  });
});

describe("Who is looked for", () => {
  it.each([
    ["8.3.1951", "1951-03-08", []],
    ["8 mars 1951", "1951-03-08", []],
    ["Rossi 1951", "1951", ["Rossi"]],
    ["1951 Rossi", "1951", ["Rossi"]],
    ["Ada 8 March 1951 Rossi", "1951-03-08", ["Ada", "Rossi"]],
    ["Rossi ٨/٣/١٩٥١", "1951-03-08", ["Rossi"]],
    ["بن علي ٨ كانون الثاني ١٩٥١", "1951-01-08", ["بن", "علي"]],
    ["Rossi \u20688 Mar 1951\u2069", "1951-03-08", ["Rossi"]],
    ["May Rossi", undefined, ["May", "Rossi"]],
    ["April 1951", "1951-04", []],
    ["0550123456", undefined, ["0550123456"]],
    ["Rossi 68", undefined, ["Rossi", "68"]],
    ["Rossi 4711", undefined, ["Rossi", "4711"]],
    ["N-1951", undefined, ["N-1951"]],
  ])("by %j is born %s, and called %j", (typed, date, words) => {
    expect(lookedFor(typed, "2026-11-29")).toEqual({ ...(date !== undefined && { date }), words });
  });
});

describe("Money on a page", () => {
  it("has the decimals that the server counts in, in each currency: a browser has none for pounds of Lebanon and dinars of Iraq", () => {
    const shown = (currency: string) => Number(moneyText(1_234_567, currency, "en-GB").replaceAll(/[^\d.]/g, ""));
    expect([...CURRENCIES].filter((currency) => Math.abs(shown(currency) - 1_234_567 / 10 ** exponentOf(currency)) > 1e-9)).toEqual([]);
    expect(moneyText(100_000, "LBP", "en-GB").replace(/\s/, " ")).toBe("LBP 1,000");
    expect(moneyText(1_250, "EUR", "en-GB")).toBe("€12.50");
  });

  it.each([
    ["12.5", "EUR", 1_250],
    ["1 250,50", "EUR", 125_050],
    ["١٢٥٠٫٥", "DZD", 125_050],
    ["1.255", "TND", 1_255],
    ["١٢٥٠،٥", "DZD", 125_050],
    ["\u206812,50\u2069", "EUR", 1_250],
    ["12", "JPY", 12],
    ["12.", "EUR", 1_200],
  ])("that is typed as %j %s is %i of its smallest units", (typed, currency, units) => {
    expect(unitsTyped(typed, currency)).toBe(units);
    expect(["en-GB", "fr", "ar-u-nu-latn"].map((locale) => unitsTyped(moneyTyped(units, currency, locale), currency))).toEqual([
      units,
      units,
      units,
    ]);
  });

  it.each([
    ["12.505", "EUR"],
    ["12.5", "JPY"],
    ["0", "EUR"],
    ["-5", "EUR"],
    ["1,250.50", "EUR"],
    ["ten", "EUR"],
    ["", "EUR"],
  ])("is not read out of %j %s", (typed, currency) => {
    expect(unitsTyped(typed, currency)).toBeUndefined();
  });
});

describe("A number that is typed", () => {
  it.each([
    ["5.2", 5.2],
    ["5,2", 5.2],
    [" 0,125 ", 0.125],
    ["1 250,5", 1250.5],
    ["1\u202f250", 1250],
    ["٥٫٢", 5.2],
    ["١٬٢٥٠", 1250],
    ["٥،٢", 5.2],
    ["\u200f٥٫٢", 5.2],
    ["5،2،1", undefined],
    ["۱۲", 12],
    ["1.250", 1.25],
    ["12 mg", undefined],
    ["1,2,3", undefined],
    ["0x10", undefined],
    ["1e3", undefined],
    ["", undefined],
  ])("%s is %s", (typed, number) => {
    expect(numberTyped(typed)).toBe(number);
  });

  it.each(["1,000", "1,250 mg", "٢,500", "<1,000", "١،٠٠٠"])("%s may be a thousand or one: nobody guesses", (typed) => {
    expect(() => requireOneWay(typed, "dose")).toThrow(expect.objectContaining({ type: "NUMBER_IN_TWO_WAYS", fields: ["dose"] }));
  });

  it.each(["0,125", "1.000", "1000", "12,5", "1 000", "1,0000"])("%s can be read in one way only", (typed) => {
    expect(() => requireOneWay(typed, "dose")).not.toThrow();
  });
});

describe("What a bed has, where two have changed it", () => {
  it.each([
    [[], ["oxygen"], ["cot"], ["cot", "oxygen"]],
    [["oxygen"], [], ["oxygen", "cot"], ["cot"]],
    [["oxygen"], ["oxygen", "cot"], [], ["cot"]],
    [["oxygen"], ["oxygen"], ["isolation"], ["isolation"]],
  ])("was %j, is %j for one and %j for the other: %j", (before, mine, theirs, merged) => {
    expect(mergedOf(before, { mine, theirs })).toEqual(merged);
  });

  it("is the same in whichever order", () => {
    expect(isSame(["cot", "oxygen"], ["oxygen", "cot"])).toBe(true);
    expect(isSame(["cot"], ["oxygen", "cot"])).toBe(false);
  });
});
