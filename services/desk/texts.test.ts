/** The texts of the pages: all there in each language, in it, and as it is written. */
import { ruleType } from "../../mixins/fhir/rules/common.ts";
import { contentOf, filesUnder } from "../../test/kit/map.ts";
import { LANGUAGES, messagesOf } from "./files/messages.ts";
import { kindOf } from "./pages/platform/errors.ts";

const sources = ["services/desk/pages", "services/desk/files"].flatMap((folder) => filesUnder(folder, /(?<!\.d)\.ts$/).map(contentOf));

/** Names of texts that the pages use: whole, or a beginning that a value is put behind. */
function isUsed(key: string): boolean {
  const beginnings = sources.flatMap((text) =>
    [...text.matchAll(/`([a-zA-Z][\w.-]*\.)\$\{[^}]*\}(\.\w+)?`/g)].map(([, start = "", end = ""]) => [start, end]),
  );
  const ends = sources.flatMap((text) => [...text.matchAll(/`\$\{[^}]*\}(\.\w+)`/g)].map(([, end = ""]) => end));
  return (
    sources.some((text) => text.includes(`"${key}"`)) ||
    beginnings.some(([start = "", end = ""]) => key.startsWith(start) && key.endsWith(end)) ||
    ends.some((end) => key.endsWith(end))
  );
}

describe("the texts of the pages", () => {
  it.each(LANGUAGES)("are all there in %s, none is empty, and each is used", (language) => {
    const texts = messagesOf(language);
    expect(Object.keys(texts)).toEqual(Object.keys(messagesOf("en")));
    expect(Object.entries(texts).filter(([, text]) => text.trim() === "")).toEqual([]);
    expect(Object.keys(texts).filter((key) => !isUsed(key))).toEqual([]);
  });

  it("take the same values in each language", () => {
    const valuesOf = (text: string) =>
      [...new Set([...text.matchAll(/\{(\w+)/g)].map(([, name]) => name))].filter((name) => /^[a-z]/.test(name ?? "")).sort();
    const forms = /(zero|one|two|few|many|other|female|male|=\d)\{[^{}]*\}/g;
    // The sex is what some languages only need.
    const named = (text: string) => valuesOf(text.replace(forms, "")).filter((name) => name !== "sex");
    const [english, ...others] = LANGUAGES.map(messagesOf);
    const differing = Object.entries(english ?? {}).filter(([key, text]) =>
      others.some((texts) => `${named(texts[key] ?? "")}` !== `${named(text)}`),
    );
    expect(differing).toEqual([]);
  });

  it("have a sentence for each refusal of each action that the pages call", () => {
    const called = sources.flatMap((text) =>
      [...text.matchAll(/const (\w+) = actionsOf<[^>]*>\("(\w+)"\)/g)].flatMap(([, local = "", service = ""]) =>
        [...text.matchAll(new RegExp(`\\b${local}\\.(\\w+)\\(`, "g"))].map(([, action = ""]) => `${service}.${action}`),
      ),
    );
    expect(new Set(called).size).toBeGreaterThan(90);
    const services = [...new Set(called.map((name) => name.split(".", 1)[0] ?? ""))];
    const rows = services.flatMap((service) => [
      ...contentOf(`services/${service}/README.md`).matchAll(/^\| `([\w.]+)`\s*\|[^|\n]*\|([^|\n]*)\|/gm),
    ]);
    const refusals = rows.flatMap(([, name = "", errors = ""]) =>
      called.includes(name) ? (errors.match(/\b[A-Z][A-Z_]{3,}\b/g) ?? []) : [],
    );
    expect(refusals).toEqual(expect.arrayContaining(["VISIT_NOT_OPEN", "BED_OCCUPIED"]));
    const has = (type: string) => Object.hasOwn(messagesOf("en"), `error.${type}`) || kindOf(type) !== undefined;
    expect([...new Set(refusals)].filter((type) => !has(type))).toEqual([]);
  });

  it("have a sentence for each rule, and what is wrong with patient, time, bed or status has one of its kind", () => {
    const rules = [...contentOf("docs/rules.md").matchAll(/^\| \w+ +\| `([a-z0-9-]+)`/gm)].map(([, id = ""]) => ruleType(id));
    expect(rules.length).toBeGreaterThan(200);
    expect(rules.filter((type) => kindOf(type) === undefined)).toEqual([]);
    const kinds = [
      "observation-time",
      "encounter-patient",
      "encounter-one-bed",
      "document-reference-signed",
      "immunization-in-life",
      "patient-rested-on",
    ];
    expect(kinds.map((id) => kindOf(ruleType(id)))).toEqual(
      ["time", "patient", "bed", "final", "inLife", "restedOn"].map((kind) => `error.rule.${kind}`),
    );
    expect([kindOf(ruleType("supply-request-quantity")), kindOf("BED_OCCUPIED")]).toEqual(["error.rule", undefined]);
  });

  it.each([
    ["encounter.status", "Encounter", []],
    ["appointment.status", "Appointment", ["proposed", "pending", "booked"]], // who is expected has buttons
    ["prescription", "MedicationRequest", []],
    ["taken.status", "MedicationStatement", ["entered-in-error"]], // not shown
    ["invoice", "Invoice", []],
  ])("have a word for each status that a resource from elsewhere may have: %s", (key, type, wordless) => {
    const declared = contentOf("node_modules/@types/fhir/r4.d.ts");
    const [, codes = ""] = new RegExp(`export interface ${type} extends[^]*?\\n\\s+status: ([^;]*);`).exec(declared) ?? [];
    const statuses = [...codes.matchAll(/'([\w-]+)'/g)].map(([, code]) => code);
    expect(statuses.length).toBeGreaterThan(4);
    expect(statuses.filter((code) => !Object.hasOwn(messagesOf("en"), `${key}.${code}`))).toEqual(wordless);
  });

  const textsOf = (language: string): [string, string][] =>
    ["services/desk/messages", "services/identity/pages/messages"].flatMap((folder) =>
      Object.entries(JSON.parse(contentOf(`${folder}/${language}.json`)) as Record<string, string>),
    );

  it("are in their language: none is the English one, but for words that both have", () => {
    const shared =
      /^(administration|allergies|audit|certain|possible|probable|pages|code|notes?|active|a4|actions|type|fhir|documents|service|lot|doses?|total|patients?|h|min|prescriptions?|stock|journal|notifications|transactions)$/i;
    const wordsOf = (text: string) => text.replaceAll(/\{\w+, plural,|\w+\{#?|[{}]/g, " ").match(/\p{L}[\p{L}\d’-]*/gu) ?? [];
    const english = new Map(textsOf("en"));
    const french = textsOf("fr").filter(([key, text]) => text === english.get(key) && !wordsOf(text).every((word) => shared.test(word)));
    const arabic = textsOf("ar").filter(([, text]) => !/\p{Script=Arabic}/u.test(text) && wordsOf(text).some((word) => word !== "A4"));
    expect([french, arabic.map(([key]) => key)]).toEqual([[], ["places.isFor", "colon"]]); // which only have values
  });

  it("are set as French is: what may not begin a line is bound to the word before it", () => {
    // A colon that is part of a plural form stands behind a letter or a comma, never behind a space.
    const wrong = textsOf("fr").filter(([, text]) => / [:;?!»]|« |[^\u202f\u00a0][;?!»](?=\s|$)|['"]|\.\.\./.test(text));
    expect(wrong).toEqual([]);
  });

  it("are set as Arabic is: with its own signs, one way to write the tanwin, and no signs of Latin between its words", () => {
    const wrong = textsOf("ar").filter(([, text]) => {
      const plain = text.replaceAll(/\{\w+, (plural|select),|ACCESS=\w+|Alt\+Z|[\w.]+\/…/g, "");
      return /[,;?]|\u0627\u064b| [،؛؟.:]|[\u0660-\u0669]/.test(plain);
    });
    expect(wrong).toEqual([]);
  });

  it("have the plural forms of Arabic", () => {
    const incomplete = Object.entries(messagesOf("ar")).filter(([, text]) => text.includes(", plural") && !/few\{.*many\{/.test(text));
    expect(incomplete).toEqual([]);
  });
});
