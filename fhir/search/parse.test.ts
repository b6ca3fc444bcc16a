import * as fc from "fast-check";
import type { Chain } from "./criteria.ts";
import { indexOf } from "./extract.ts";
import { matchesClauses } from "./matches-clauses.ts";
import { parametersOf, resourceTypes } from "./parameters.ts";
import { base, now, parse } from "../../test/kit/searches.ts";
import { nonNull } from "../non-null.ts";

type Resource = { resourceType: string; id: string } & Record<string, unknown>;

/** Ids of those of `resources` that a question without chains finds. */
function found(query: string, resources: Resource[]): string {
  const { clauses, chains, has } = parse(query);
  expect([chains, has]).toEqual([[], []]);
  const hits = resources.filter((resource) => matchesClauses(clauses, { id: resource.id, updated: now, index: indexOf(resource) }));
  return hits.map(({ id }) => id).join(" ");
}

const patients: Resource[] = [
  {
    resourceType: "Patient",
    id: "adan",
    active: true,
    gender: "male",
    birthDate: "1974-12-25",
    name: [{ family: "Peña, Ruiz", given: ["Adán", "José"] }],
    identifier: [{ system: "urn:mrn", value: "12|3", type: { text: "Record", coding: [{ system: "v2", code: "MR" }] } }],
    managingOrganization: { reference: "Organization/1" },
    communication: [{ language: { coding: [{ system: "urn:ietf:bcp:47", code: "es", display: "Spanish" }], text: "Español" } }],
    meta: { tag: [{ system: "s", code: "t" }], profile: ["http://p|1"], source: "http://lab" },
  },
  {
    resourceType: "Patient",
    id: "isa",
    active: false,
    gender: "female",
    birthDate: "1980",
    deceasedDateTime: "2019-05",
    name: [{ family: "Strauß", given: ["İsa"] }],
    identifier: [{ value: "12" }],
    managingOrganization: { reference: `${base}/Organization/1` },
    generalPractitioner: [{ identifier: { system: "npi", value: "77" } }, { reference: "http://other/fhir/Practitioner/9" }],
  },
  { resourceType: "Patient", id: "none" },
];

describe("a search for patients", () => {
  it.each([
    ["", "adan isa none"],
    ["name=adan", "adan"],
    ["name=ADA", "adan"],
    ["name=dan", ""],
    ["name:contains=DÁN", "adan"],
    ["family=pena\\, ruiz", "adan"],
    ["family:exact=Peña\\, Ruiz", "adan"],
    ["family:exact=peña\\, ruiz", ""],
    ["given:exact=Ad\\\\án", ""],
    ["family=ruiz", "adan"],
    ["name=ruiz", "adan"],
    ["family=PENA RUIZ", "adan"],
    ["given=isa", "isa"],
    ["family=STRAUSS", "isa"],
    ["given=adán,isa", "adan isa"],
    ["given=adan&given=jose", "adan"],
    ["given=adan&given=isa", ""],
    ["name:missing=true", "none"],
    ["name:missing=false", "adan isa"],

    ["identifier=12\\|3", "adan"],
    ["identifier=urn:mrn|12\\|3", "adan"],
    ["identifier=urn:mrn|", "adan"],
    ["identifier=|12", "isa"],
    ["identifier=12", "isa"],
    ["identifier=urn:other|12", ""],
    ["identifier:of-type=v2|MR|12\\|3", "adan"],
    ["identifier:of-type=v2|MR|12", ""],
    ["identifier:text=record", "adan"],
    ["gender=male,female", "adan isa"],
    ["gender=http://hl7.org/fhir/administrative-gender|male", "adan"],
    ["gender=http://wrong|male", ""],
    ["gender:not=male", "isa none"],
    ["active=true", "adan"],
    ["language:text=panis", "adan"],
    ["language:text=espanol", "adan"],
    ["deceased=true", "isa"],
    ["deceased=false", "adan none"],

    ["birthdate=1974", "adan"],
    ["birthdate=1974-12-25", "adan"],
    ["birthdate=1974-12-25T10:00", ""],
    ["birthdate=1980-01", ""],
    ["birthdate=ne1974", "isa"],
    ["birthdate=gt1974", "isa"],
    ["birthdate=ge1974-12-25", "adan isa"],
    ["birthdate=lt1974-12-25", ""],
    ["birthdate=le1974-12-25", "adan"],
    ["birthdate=sa1979", "isa"],
    ["birthdate=eb1980", "adan"],
    ["birthdate=ap1982", "isa"],
    ["birthdate=1974,1980", "adan isa"],
    ["birthdate=ge1970&birthdate=lt1980", "adan"],
    ["birthdate:missing=true", "none"],

    ["organization=Organization/1", "adan isa"],
    ["organization=1", "adan isa"],
    [`organization=${base}/Organization/1`, "adan isa"],
    ["organization=Organization/1/_history/7", "adan isa"],
    ["organization:Organization=1", "adan isa"],
    ["organization=2", ""],
    ["general-practitioner=http://other/fhir/Practitioner/9", "isa"],
    ["general-practitioner:identifier=npi|77", "isa"],
    ["general-practitioner:identifier=77", "isa"],
    ["general-practitioner:missing=false", "isa"],

    ["_id=adan,none", "adan none"],
    ["_id:not=adan", "isa none"],
    ["_lastUpdated=2020-01-01", "adan isa none"],
    ["_lastUpdated=gt2020", ""],
    ["_lastUpdated:missing=true", ""],
    ["_tag=s|t", "adan"],
    ["_tag:not=s|t", "isa none"],
    ["_profile=http://p", "adan"],
    ["_profile=http://p|1", "adan"],
    ["_profile=http://p|2", ""],
    ["_source=http://lab", "adan"],
    ["_source:below=http://", "adan"],
  ])("by %s finds: %s", (query, ids) => {
    expect(found(`Patient?${query}`, patients)).toBe(ids);
  });
});

const loinc = "http://loinc.org";
const concept = (code: string, system = loinc) => ({ coding: [{ system, code }] });
const observations: Resource[] = [
  {
    resourceType: "Observation",
    id: "weight",
    code: concept("w"),
    valueQuantity: { value: 5.4, unit: "kilo", code: "kg", system: "ucum" },
    subject: { reference: "Patient/1" },
  },
  {
    resourceType: "Observation",
    id: "below",
    code: concept("w"),
    valueQuantity: { value: 3, comparator: "<", code: "kg", system: "ucum" },
    subject: { reference: "Group/1" },
  },
  {
    resourceType: "Observation",
    id: "pressure",
    code: concept("bp"),
    component: [
      { code: concept("sys"), valueQuantity: { value: 140, code: "mmHg", system: "ucum" } },
      { code: concept("dia"), valueQuantity: { value: 80, code: "mmHg", system: "ucum" } },
    ],
  },
  {
    resourceType: "Observation",
    id: "eyes",
    code: concept("eye"),
    valueCodeableConcept: { text: "Brown", ...concept("br", "colour") },
    component: [{ code: concept("left"), valueCodeableConcept: concept("bl", "colour") }],
  },
];

describe("a search for observations", () => {
  it.each([
    ["value-quantity=5.4", "weight"],
    ["value-quantity=5", "weight"],
    ["value-quantity=5.40", "weight"],
    ["value-quantity=5.41", ""],
    ["value-quantity=5.4|ucum|kg", "weight"],
    ["value-quantity=5.4||kg", "weight"],
    ["value-quantity=5.4||kilo", "weight"],
    ["value-quantity=5.4|other|kg", ""],
    ["value-quantity=lt5", "below"],
    ["value-quantity=ge3", "weight"],
    ["value-quantity=ap5.8", "weight"],
    ["value-quantity=ne5.4", "below"],

    ["patient=1", "weight"],
    ["patient=Patient/1", "weight"],
    ["patient=Group/1", ""],
    ["subject=1", "weight below"],
    ["subject:Group=1", "below"],
    ["patient:missing=false", "weight"],
    ["patient:missing=true", "below pressure eyes"],

    ["combo-code=sys", "pressure"],
    ["code=sys", ""],
    ["code-value-quantity=w$gt5", "weight"],
    [`code-value-quantity=${loinc}|w$lt4||kg`, "below"],
    ["code-value-quantity=w$5.4,w$lt4", "weight below"],
    ["component-code-value-quantity=sys$gt100", "pressure"],
    ["component-code-value-quantity=dia$gt100", ""],
    [`component-code-value-quantity=${loinc}|sys$140|ucum|mmHg`, "pressure"],
    ["component-code-value-quantity=sys$140||mmHg", "pressure"],
    ["component-code-value-quantity=http://wrong|sys$140", ""],
    ["component-code-value-quantity=sy$140", ""],
    ["combo-code-value-concept=eye$br", "eyes"],
    ["combo-code-value-concept=left$colour|bl", "eyes"],
    ["combo-code-value-concept=left$br", ""],
    ["value-string=bro", "eyes"],
    ["status:not=final", "weight below pressure eyes"],
  ])("by %s finds: %s", (query, ids) => {
    expect(found(`Observation?${query}`, observations)).toBe(ids);
  });
});

describe("other types", () => {
  it.each([
    ["ValueSet?url:below=http://acme.org/fhir", "1"],
    ["ValueSet?url:below=http://acme.org/other", ""],
    ["ValueSet?url:above=http://acme.org/fhir/vs/1/_history/5", "1"],
    ["ValueSet?url:above=http://acme.org/fhir/vs/12", ""],
    ["ValueSet?url=http://acme.org/fhir/vs/1", "1"],
    ["ValueSet?url=http://acme.org/fhir/vs/1|2.0-Beta", "1"],
    ["ValueSet?url=http://acme.org/fhir/vs/1|3.0", ""],
    ["ValueSet?url=http://acme.org/fhir/vs/1|3.0,http://acme.org/fhir/vs/1", "1"],
    ["ValueSet?version=2.0-BETA", "1"],
    ["ValueSet?version=2.0-beta", "1"],
    ["ValueSet?context-type-quantity=age$gt10", "1"],
    ["ValueSet?context-type-quantity=age$gt30", ""],
    ["ValueSet?context-type-value=focus$http://x|y", "1"],
  ])("%s finds: %s", (query, ids) => {
    const useContext = [
      { code: { system: "t", code: "age" }, valueRange: { low: { value: 10 }, high: { value: 20 } } },
      { code: { system: "t", code: "focus" }, valueCodeableConcept: concept("y", "http://x") },
    ];
    expect(found(query, [{ resourceType: "ValueSet", id: "1", url: "http://acme.org/fhir/vs/1", version: "2.0-Beta", useContext }])).toBe(
      ids,
    );
  });

  it.each([
    ["contenttype=text/xml", ""],
    ["contenttype=text/xml; charset=UTF-8", "1"],
    ["contenttype:below=text/xml", "1"],
    ["contenttype:below=text/x", ""],
    ["relationship=DocumentReference/7$replaces", "1"],
    ["relationship=7$http://hl7.org/fhir/document-relationship-type|replaces", "1"],
    ["relationship=8$replaces", ""],
  ])("a document by %s finds: %s", (query, ids) => {
    const relatesTo = [
      { code: "replaces", target: { reference: "DocumentReference/7" } },
      { code: "signs", target: { reference: "DocumentReference/8" } },
    ];
    expect(
      found(`DocumentReference?${query}`, [
        { resourceType: "DocumentReference", id: "1", content: [{ attachment: { contentType: "text/xml; charset=UTF-8" } }], relatesTo },
      ]),
    ).toBe(ids);
  });

  it.each([
    ["questionnaire=http://q", "1"],
    ["questionnaire=http://q|1.2", "1"],
    ["questionnaire=http://q|1", ""],
    ["questionnaire:below=http://q|1", "1"],
    ["questionnaire:below=http://q|2", ""],
    ["questionnaire:below=http://q", "1"],
  ])("an answer by %s finds: %s", (query, ids) => {
    expect(
      found(`QuestionnaireResponse?${query}`, [{ resourceType: "QuestionnaireResponse", id: "1", questionnaire: "http://q|1.2" }]),
    ).toBe(ids);
  });

  it.each([
    ["chromosome-variant-coordinate=c$lt10$gt15", "1"],
    ["chromosome-variant-coordinate=c$lt10$gt25", ""],
    ["chromosome-variant-coordinate=d$lt10$gt15", ""],
    ["chromosome-variant-coordinate=c$ne5$20", ""],
  ])("a sequence by %s finds: %s", (query, ids) => {
    const variant = [
      { start: 5, end: 20 },
      { start: 30, end: 40 },
    ];
    expect(
      found(`MolecularSequence?${query}`, [
        { resourceType: "MolecularSequence", id: "1", referenceSeq: { chromosome: concept("c") }, variant },
      ]),
    ).toBe(ids);
  });

  it.each([
    ["42.25|-83.69|11|km", "near"],
    ["42.25|-83.69|11000|m", "near"],
    ["42.25|-83.69|1|km", ""],
    ["42.25|-83.69", "near"],
    ["0|179.95|20|km", "beyond"],
    ["-89.99|0|100|km", "pole"],
  ])("a location near %s finds: %s", (near, ids) => {
    const at = (id: string, latitude: number, longitude: number) => ({ resourceType: "Location", id, position: { latitude, longitude } });
    const places = [
      at("near", 42.3, -83.6),
      at("far", 43.5, -83.6),
      at("beyond", 0, -179.95),
      at("pole", -89.95, 120),
      { resourceType: "Location", id: "nowhere" },
    ];
    expect(found(`Location?near=${near}`, places)).toBe(ids);
  });

  it.each([
    ["Maier", "meyer"],
    ["meier", "meyer"],
    ["Smith", "schmidt"],
    ["Kathrin Meyer", "meyer"],
    ["Meyer Smith", ""],
    ["Maier,Smith", "meyer schmidt"],
    ["Wang", ""],
    ["Иванов", "ivanov"],
    ["Mohamed", "arabic"],
    ["Muhammad Khelifi", "arabic"],
    ["Ahmed", ""],
    ["ماير", "meyer"],
  ])("a name that sounds like %s finds: %s", (name, ids) => {
    const patient = (id: string, family: string, given: string) => ({ resourceType: "Patient", id, name: [{ family, given: [given] }] });
    const people = [patient("meyer", "Meyer", "Catherine"), patient("schmidt", "Schmidt", "Ana"), patient("ivanov", "Иванов", "Пётр")];
    people.push(patient("arabic", "خليفي", "محمد"));
    expect(found(`Patient?phonetic=${name}`, people)).toBe(ids);
  });

  it("finds every place in a circle, and none farther out than an eighth of its radius", () => {
    const radians = Math.PI / 180;
    const degreesBetween = ([a, b]: [number, number], [c, d]: [number, number]): number => {
      const [north, east] = [Math.sin(((c - a) * radians) / 2), Math.sin(((d - b) * radians) / 2)];
      const root = Math.sqrt(north ** 2 + Math.cos(a * radians) * Math.cos(c * radians) * east ** 2);
      return (2 * Math.asin(Math.min(1, root))) / radians;
    };
    const degrees = (most: number) =>
      fc.oneof(fc.integer({ min: -most, max: most }), fc.integer({ min: most - 4, max: most })).map((one) => one);
    const place = fc.tuple(degrees(90), degrees(180)) as fc.Arbitrary<[number, number]>;
    fc.assert(
      fc.property(place, place, fc.integer({ min: 1, max: 179 }), (centre, other, reach) => {
        const [latitude, longitude] = other;
        const query = `Location?near=${centre.join("|")}|${Math.round(reach * 111.195 * 1_000)}|m`;
        const isFound = found(query, [{ resourceType: "Location", id: "it", position: { latitude, longitude } }]) === "it";
        const away = degreesBetween(centre, other);
        if (away < reach - 0.01) expect([query, other, isFound]).toEqual([query, other, true]);
        if (isFound && reach < 80) expect(away).toBeLessThanOrEqual(reach * 1.51);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("a chain", () => {
  it("leads over references to a criterion on another type, any number of links", () => {
    const [chain] = parse("Observation?subject:Patient.organization.name=x").chains;
    expect(chain).toMatchObject({ parameter: "subject:Patient", slots: nonNull(parametersOf("Observation").get("subject")).slots });
    const [organization] = nonNull(nonNull(chain).any[0]).chains;
    expect(nonNull(organization).any).toEqual([
      { type: "Organization", clauses: parse("Organization?name=x").clauses, chains: [], has: [], lists: [] },
    ]);
  });

  it("without a type means the types that have the parameter", () => {
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

  it("says when the reference is a canonical address", () => {
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

describe("what shapes the answer", () => {
  it("is understood", () => {
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

  it("what is to come along is looked for once, however often it is asked for", () => {
    const query = Array.from({ length: 40 }, () => "_revinclude:iterate=*&_include=Patient:organization").join("&");
    const [once, often] = ["_revinclude:iterate=*&_include=Patient:organization", query].map((one) => parse(`Patient?${one}`));
    expect([often?.include.length, often?.revinclude.length]).toEqual([once?.include.length, once?.revinclude.length]);
  });

  it("names of one word that sound alike are one question", () => {
    const { clauses } = parse(`Patient?phonetic=${Array.from({ length: 900 }, (_, i) => `smith${i}`).join(",")}`);
    expect(clauses).toEqual([expect.objectContaining({ kind: "key" })]);
    const many = Array.from({ length: 300 }, () => "anna maria").join(",");
    expect(() => parse(`Patient?phonetic=${many}`)).toThrow(expect.objectContaining({ status: 400 }));
  });

  it("includes what is referred to, and what refers", () => {
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
  it("takes a value of its type, and can be asked whether it is missing", () => {
    for (const type of resourceTypes) {
      for (const parameter of parametersOf(type).values()) {
        const value = parameter.parts?.map((part) => example[part.type]).join("$") ?? example[parameter.type];
        expect(parse(`${type}?${parameter.code}=${value}`).clauses.length + parameter.slots.length).toBeGreaterThan(0);
        if (!parameter.parts) expect(parse(`${type}?${parameter.code}:missing=true`).clauses).toHaveLength(1);
      }
    }
  });
});
