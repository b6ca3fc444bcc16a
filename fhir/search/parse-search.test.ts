/** A search as it is parsed: chains, `_has`, search result parameters. What it finds: `finds-patients.test.ts` and those beside it. */
import type { Chain } from "./criteria.ts";
import { parametersOf, resourceTypes } from "./parameters.ts";
import { parse } from "../../test/kit/searches.ts";
import { nonNull } from "../non-null.ts";

describe("a chained search", () => {
  it("follows references to a criterion on another type, over any number of links", () => {
    const [chain] = parse("Observation?subject:Patient.organization.name=x").chains;
    expect(chain).toMatchObject({ parameter: "subject:Patient", slots: nonNull(parametersOf("Observation").get("subject")).slots });
    const [organization] = nonNull(nonNull(chain).any[0]).chains;
    expect(nonNull(organization).any).toEqual([
      { type: "Organization", clauses: parse("Organization?name=x").clauses, chains: [], has: [], lists: [] },
    ]);
  });

  it("without a type includes all types that have the parameter", () => {
    const [chain] = parse("Observation?subject.name=ann").chains as [Chain];
    expect(chain.any.map(({ type }) => type)).toEqual(["Location", "Patient"]);
  });

  it("keeps the modifier of its last link", () => {
    expect(nonNull(nonNull(parse("Observation?patient.name:exact=Ann").chains[0]).any[0]).clauses).toEqual(
      parse("Patient?name:exact=Ann").clauses,
    );
  });

  it("may end in _has, and start from it", () => {
    const [chain] = parse("Encounter?patient._has:Group:member:_id=102").chains;
    expect(nonNull(nonNull(chain).any[0]).has[0]).toMatchObject({
      parameter: "Group:member",
      search: { type: "Group", clauses: [{ kind: "id", any: ["102"] }] },
    });
    const [has] = parse("Patient?_has:Observation:patient:_has:AuditEvent:entity:agent-name=x").has;
    expect(nonNull(nonNull(has).search.has[0]).search.clauses).toEqual(parse("AuditEvent?agent-name=x").clauses);
  });

  it("recognises a reference that is a canonical URL", () => {
    expect(nonNull(parse("QuestionnaireResponse?questionnaire.title=x").chains[0]).isCanonical).toBe(true);
  });

  it.each([
    ["Observation?focus.focus.focus.focus.focus.focus.code=1", "too-costly"],
    ["Observation?focus.focus.focus.focus.focus.code=1", "too-costly"],
    [`Patient?${"_has:Observation:patient:".repeat(20)}code=1`, "invalid"],
    ["Observation?code.name=x", "invalid"],
    ["Observation?subject:Medication.code=x", "invalid"],
    ["Observation?subject:Nonsense.code=x", "invalid"],
    ["Observation?patient.birthdate=never", "invalid"],
    ["Patient?_has:Observation:code:code=x", "invalid"],
    ["Patient?_has:Medication:manufacturer:code=x", "invalid"],
    ["Patient?_has:Observation=x", "invalid"],
    ["Patient?_has:Observation:patient:=x", "invalid"],
    ["Observation?.=x", "not-supported"],
  ])("%s is refused as %s", (query, code) => {
    expect(() => parse(query)).toThrow(expect.objectContaining({ status: 400, issues: [expect.objectContaining({ code })] }));
  });
});

describe("parameters beside the criteria of a search", () => {
  it("are the search result parameters", () => {
    const search = parse(
      "Patient?_sort=-birthdate,family,_id&_count=0&_total=accurate&_summary=count&_elements=name,id&_format=json&_pretty=true",
    );
    expect(search).toMatchObject({ count: 0, total: "accurate", summary: "count", elements: ["name", "id"] });
    const slots = (code: string) => nonNull(parametersOf("Patient").get(code)).slots;
    expect(search.sort).toEqual([
      { by: "range", slots: slots("birthdate"), edge: "low", desc: true },
      { by: "key", slots: slots("family"), facet: "~", desc: false },
      { by: "id", desc: false },
    ]);
    expect(search.used.map(([name]) => name)).toEqual(["_sort", "_count", "_total", "_summary", "_elements"]);
  });

  it("an _include is evaluated once, however often it is repeated", () => {
    const query = Array.from({ length: 40 }, () => "_revinclude:iterate=*&_include=Patient:organization").join("&");
    const [once, often] = ["_revinclude:iterate=*&_include=Patient:organization", query].map((one) => parse(`Patient?${one}`));
    expect([often?.include.length, often?.revinclude.length]).toEqual([once?.include.length, once?.revinclude.length]);
  });

  it("names that sound like one word are one search", () => {
    const { clauses } = parse(`Patient?phonetic=${Array.from({ length: 900 }, (_, i) => `smith${i}`).join(",")}`);
    expect(clauses).toEqual([expect.objectContaining({ kind: "key" })]);
    const many = Array.from({ length: 300 }, () => "anna maria").join(",");
    expect(() => parse(`Patient?phonetic=${many}`)).toThrow(expect.objectContaining({ status: 400 }));
  });

  it("includes referenced and referring resources", () => {
    const search = parse(
      "Observation?_include=Observation:patient&_include:iterate=Patient:general-practitioner:Practitioner&_include=*&_revinclude=Provenance:target",
    );
    expect(search.include).toMatchObject([
      { source: "Observation", param: "patient", targets: ["Patient"], iterate: false, wildcard: false },
      { source: "Patient", param: "general-practitioner", targets: ["Practitioner"], iterate: true },
      { source: "Observation", param: "*", wildcard: true },
    ]);
    expect(nonNull(search.include[2]).slots.length).toBeGreaterThan(8);
    expect(search.revinclude).toMatchObject([
      { source: "Provenance", param: "target", slots: nonNull(parametersOf("Provenance").get("target")).slots },
    ]);
    const any = parse("Questionnaire?_revinclude=*").revinclude;
    expect(any).toContainEqual(expect.objectContaining({ source: "QuestionnaireResponse", targets: ["Questionnaire"], wildcard: true }));
    expect(any.map(({ source }) => source)).not.toContain("Slot"); // which refers to a Schedule only
  });

  it.each([
    ["Observation?date=ge2010", { by: "range", edge: "high", desc: false }],
    ["Observation?date=lt2010", { by: "range", edge: "low", desc: false }],
    ["Observation?date=2010", { by: "range", edge: "low", desc: false }],
    ["Observation?date=eb2010", { by: "range", edge: "high", desc: false }],
    ["Patient?address=ann", { by: "key", facet: "~", desc: false }],
    ["Patient?name=ann", undefined], // also the later parts of family names
    ["Patient?address=ann,bo", undefined],
    ["Observation?date=ge2010&status=final", undefined],
    ["Observation?date=ge2010&_sort=-date", undefined],
    ["Observation?date=ge2010&_id=1", undefined],
    ["Observation?status:not=final", undefined],
  ])("%s is walked in the order of its index", (query, sort) => {
    const { implicitSort } = parse(query);
    if (sort) expect(implicitSort).toMatchObject(sort);
    else expect(implicitSort).toBeUndefined();
  });

  it("is plain data", () => {
    const search = parse("Observation?subject:Patient.name=x&date=ge2010&_include=*&code-value-quantity=a$5");
    expect(JSON.parse(JSON.stringify(search))).toEqual(search);
  });
});

describe("every search parameter of R4", () => {
  const example: Record<string, string> = {
    token: "a",
    string: "a",
    reference: "1",
    uri: "a:b",
    date: "2020",
    number: "1",
    quantity: "1",
    special: "0|0",
  };
  it("accepts a value of its type, and :missing", () => {
    for (const type of resourceTypes) {
      for (const parameter of parametersOf(type).values()) {
        const value = parameter.parts?.map((part) => example[part.type]).join("$") ?? example[parameter.type];
        expect(parse(`${type}?${parameter.code}=${value}`).clauses.length + parameter.slots.length).toBeGreaterThan(0);
        if (!parameter.parts) expect(parse(`${type}?${parameter.code}:missing=true`).clauses).toHaveLength(1);
      }
    }
  });
});
