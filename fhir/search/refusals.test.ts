import * as fc from "fast-check";
import { base, now, parse } from "../../test/kit/searches.ts";
import { FhirError } from "../outcome.ts";
import { MAX_LENGTH } from "./clauses.ts";
import { MAX_PARAMETERS, parseSearch } from "./parse-search.ts";

describe("a wrong search", () => {
  it.each([
    "Patient?name:foo=x",
    "Patient?name:=x",
    "Patient?name:exact:exact=x",
    "Patient?name:missing=maybe",
    "Patient?name=a,,b",
    "Patient?name=a\\b",
    "Patient?name=a\\",
    "Patient?_summary=text&_include=Patient:organization",
    "Patient?name=\u0301",
    "Patient?_content=a\0b",
    "Patient?birthdate=x",
    "Patient?birthdate:exact=2020",
    "Patient?identifier=a|b|c",
    "Patient?active=http://x|true",
    "QuestionnaireResponse?questionnaire:identifier=a",
    "Patient?identifier=|",
    "Patient?identifier:of-type=a|b",
    "Patient?identifier:contains=x",
    "Patient?organization=a b",
    "Patient?organization:Patient=Organization/1",
    "Patient?organization:Patient=1",
    "Coverage?payor:Basic=1",
    "Coverage?payor:Basic.code=1",
    "Coverage?payor:Group:missing=true",
    "Patient?_id:exact=x",
    "Patient?_count=-1",
    "Patient?_count=x",
    "Patient?_count=1&_count=2",
    "Patient?_sort=nothing",
    "Patient?_sort:desc=name",
    "Patient?_summary=some",
    "Patient?_total=many",
    "Patient?_elements=a b",
    "Patient?_include=Patient",
    "Patient?_include:recurse=Patient:link",
    "Patient?_include=Patient:organization:Patient",
    "Observation?value-quantity=5|",
    "Patient?active:text=x",
    "Observation?status:text=x",
    "Observation?code:of-type=a|b|c",
    "Patient?_tag:of-type=a|b|c",
    "Patient?phonetic:exact=Meyer",
    "Patient?phonetic=--",
    "Observation?value-quantity=5|ucum|",
    "Observation?code-value-quantity=w",
    "Observation?code-value-quantity=w$",
    "Observation?code-value-quantity:missing=true",
    "Observation?code-value-quantity:not=w$5",
    "ValueSet?url:below=urn:oid:1.2",
    "Location?near=91|0",
    "Location?near=0|0|5|parsec",
  ])("%s is a 400 also when handling is lenient", (query) => {
    expect(() => parse(query, "lenient")).toThrow(expect.objectContaining({ status: 400 }));
  });

  it.each([
    "Patient?_list=$current-problems",
    "Patient?_filter=name eq x",
    "Patient?_query=all",
    "Patient?identifier:in=x",
    "Observation?code:below=x",
    "Observation?code:not-in=x",
    "Observation?subject:above=x",
    "Patient?_contained=true",
    "Observation?component-code-value-quantity=system|$5",
    "Bundle?composition.type=x",
    "Bundle?message:MessageHeader.event=x",
  ])("%s is not there yet: 501", (query) => {
    expect(() => parse(query, "lenient")).toThrow(
      expect.objectContaining({ status: 501, issues: [expect.objectContaining({ code: "not-supported" })] }),
    );
  });

  it("gets all its faults at once, each with the parameter's name", () => {
    const error = ((): FhirError => {
      try {
        parse("Patient?birthdate=x&foo=1&_sort=bar");
      } catch (fault) {
        return fault as FhirError;
      }
      throw new Error("It was accepted.");
    })();
    expect(error.issues.map(({ expression }) => expression)).toEqual([["birthdate"], ["foo"], ["_sort"]]);
  });

  it("with an unknown parameter is refused if strict, and otherwise answered without it, with a note", () => {
    expect(() => parse("Patient?foo=1")).toThrow(expect.objectContaining({ status: 400 }));
    const search = parse("Patient?foo=1&name=x&_has:Observation:patient:foo=1&organization.foo=1", "lenient");
    expect(search.ignored.map(({ name }) => name)).toEqual(["foo", "_has:Observation:patient:foo", "organization.foo"]);
    expect(search.used).toEqual([["name", "x"]]);
    expect(search.clauses).toHaveLength(1);
  });

  it.each(["toString", "constructor", "__proto__", "hasOwnProperty", "valueOf"])(
    "has the unknown parameter %s, which is a name like any other",
    (name) => {
      expect(parse(`Patient?${name}=1`, "lenient").ignored).toHaveLength(1);
      expect(parse(`Patient?_sort=birthdate&organization.${name}=1`, "lenient").ignored).toHaveLength(1);
    },
  );

  it("is not one with a parameter without a value", () => {
    expect(parse("Patient?name=&gender=male")).toMatchObject({ used: [["gender", "male"]], ignored: [{ name: "name" }] });
  });

  it.each([
    ["a list of 1,001 texts", `Patient?name=${Array(1_001).fill("a").join(",")}`],
    ["a list of 10,001 codes", `Patient?identifier=${Array(10_001).fill("a").join(",")}`],
    ["a list over 1,000,000 characters", `Patient?identifier=${Array(9_000).fill("a".repeat(120)).join(",")}`],
    ["a value over 8,000 characters", `Patient?name=${"a".repeat(MAX_LENGTH + 1)}`],
    [
      "101 parameters",
      `Patient?${Array(MAX_PARAMETERS + 1)
        .fill("name=a")
        .join("&")}`,
    ],
    ["500 ids without a type", `Provenance?target=${Array(500).fill("a").join(",")}`],
    ["a value list in many types", `Observation?focus.code=${Array(1_000).fill("a").join(",")}`],
    ["200 composites", `Observation?code-value-quantity=${Array(200).fill("a$1").join(",")}`],
    ["20 places", `Location?near=${Array(20).fill("0|0").join(",")}`],
    ["a very long name", `Patient?${"organization.".repeat(1_000)}name=x`],
  ])("is refused at once for %s", (_what, query) => {
    expect(() => parse(query, "lenient")).toThrow(expect.objectContaining({ status: 400 }));
  });

  it("is not one with a list too long for a URL", () => {
    for (const name of ["identifier", "general-practitioner", "_profile", "_id"]) {
      expect(
        parse(
          `Patient?${name}=${Array.from({ length: 5_000 }, (_, i) => `Practitioner-${i}`)
            .map((it) => (name === "general-practitioner" ? `Practitioner/${it}` : it === "" ? it : name === "_profile" ? `urn:${it}` : it))
            .join(",")}`,
        ).clauses,
      ).toHaveLength(1);
    }
    expect(() => parse(`Patient?_content=${"a".repeat(MAX_LENGTH + 1)}`)).toThrow(expect.objectContaining({ status: 400 }));
  });

  it("is not one with a thousand ids", () => {
    expect(parse(`Patient?_id=${Array.from({ length: 1_000 }, (_, i) => `${"0".repeat(36)}${i}`).join(",")}`).clauses[0]).toMatchObject({
      kind: "id",
    });
  });

  it("never fails with anything but a FhirError", () => {
    const names = fc.constantFrom(
      "name",
      "birthdate",
      "_has:Observation:patient:code",
      "organization.name",
      "_sort",
      "_include",
      "near",
      "code-value-quantity",
      "value-quantity",
      "_id",
      "subject",
      "toString",
      "__proto__",
      "constructor",
    );
    const suffix = fc.constantFrom("", ":missing", ":exact", ":text", ":", ".", ".x", ":Patient", ":of-type", ":identifier");
    const value = fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[a-z0-9|$,\\.:-]{0,20}$/));
    fc.assert(
      fc.property(
        fc.constantFrom("Patient", "Observation", "Location", "Encounter"),
        names,
        suffix,
        value,
        fc.constantFrom("strict", "lenient"),
        (type, name, end, text, handling) => {
          try {
            JSON.stringify(parseSearch(type, [[name + end, text]], { base, handling, now }));
          } catch (error) {
            expect(error).toBeInstanceOf(FhirError);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
