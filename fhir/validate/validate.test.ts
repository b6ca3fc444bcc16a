import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { parseJson } from "../json.ts";
import { validate } from "./index.ts";
import { nonNull } from "../non-null.ts";

type Json = Record<string, unknown>;

const faultsOf = (resource: unknown, type = (resource as Json)["resourceType"] as string) =>
  validate(resource, { type }).map(({ code, expression }) => `${code} ${expression?.[0]}`);

const patient = (members: Json) => ({ resourceType: "Patient", ...members });
const observation = (members: Json) => ({ resourceType: "Observation", status: "final", code: { text: "weight" }, ...members });
const extension = (members: Json) => patient({ extension: [{ url: "http://hospital.example/e", ...members }] });

describe("a resource is refused for", () => {
  it.each<[what: string, resource: unknown, faults: string[]]>([
    ["an element that its type does not have", patient({ nmae: [] }), ["structure Patient.nmae"]],
    ["an element of another type", patient({ status: "final" }), ["structure Patient.status"]],
    ["a member named __proto__", JSON.parse('{"resourceType":"Patient","__proto__":{"id":"1"}}'), ["structure Patient.__proto__"]],
    ["a single value where a list belongs", patient({ name: { family: "A" } }), ["structure Patient.name"]],
    ["a list where a single value belongs", patient({ gender: ["male"] }), ["structure Patient.gender"]],
    ["a list in a list", patient({ name: [[{ family: "A" }]] }), ["structure Patient.name[0]"]],
    ["a missing element", { resourceType: "Observation", code: { text: "x" } }, ["required Observation.status"]],
    ["a missing element in a part", patient({ link: [{ type: "seealso" }] }), ["required Patient.link[0].other"]],
    ["an empty list", patient({ name: [] }), ["structure Patient.name"]],
    ["an empty object", patient({ name: [{}] }), ["invariant Patient.name[0]"]],
    ["an object with an id only", patient({ name: [{ id: "a" }] }), ["invariant Patient.name[0]"]],
    ["an empty text", patient({ name: [{ family: "" }] }), ["value Patient.name[0].family"]],
    ["null", patient({ gender: null }), ["structure Patient.gender"]],
    ["null in a list", patient({ name: [{ given: ["A", null] }] }), ["structure Patient.name[0].given[1]"]],
    ["a number for a text", patient({ name: [{ family: 5 }] }), ["structure Patient.name[0].family"]],
    ["a text for a boolean", patient({ active: "true" }), ["structure Patient.active"]],
    ["a text for a number", observation({ valueInteger: "5" }), ["structure Observation.value.ofType(integer)"]],
    ["a text for an object", patient({ maritalStatus: "married" }), ["structure Patient.maritalStatus"]],
    ["a fraction for a whole number", observation({ valueInteger: 1.5 }), ["value Observation.value.ofType(integer)"]],
    ["a code that is not in the list", patient({ gender: "man" }), ["code-invalid Patient.gender"]],
    [
      "a concept without a code of the list",
      { resourceType: "Condition", subject: { reference: "Patient/1" }, verificationStatus: { text: "sure" } },
      ["code-invalid Condition.verificationStatus"],
    ],
    ["a day that no month has", patient({ birthDate: "2023-02-29" }), ["value Patient.birthDate"]],
    ["a time without a zone", patient({ deceasedDateTime: "2023-02-28T10:00:00" }), ["value Patient.deceased.ofType(dateTime)"]],
    ["two values of one choice", patient({ deceasedBoolean: true, deceasedDateTime: "2020" }), ["structure Patient.deceased"]],
    ["a type that a choice does not have", patient({ deceasedString: "yes" }), ["structure Patient.deceasedString"]],
    ["an id of other signs", patient({ id: "a b" }), ["value Patient.id"]],
    ["an extension without a url", patient({ extension: [{ valueString: "a" }] }), ["required Patient.extension[0].url"]],
    ["an extension without a value", extension({}), ["invariant Patient.extension[0]"]],
    [
      "an extension with a value and extensions",
      extension({ valueString: "a", extension: [{ url: "b", valueCode: "c" }] }),
      ["invariant Patient.extension[0]"],
    ],
    [
      "a sibling that is longer than its list",
      patient({ name: [{ given: ["A"], _given: [null, { id: "b" }] }] }),
      ["structure Patient.name[0].given"],
    ],
    ["a sibling that says nothing", patient({ birthDate: "2020", _birthDate: {} }), ["invariant Patient.birthDate"]],
    ["an id alone in place of a value", patient({ _birthDate: { id: "a" } }), ["invariant Patient.birthDate"]],
    ["a sibling of what is no primitive", patient({ _name: [{ id: "a" }] }), ["structure Patient._name"]],
    [
      "a narrative with a script",
      patient({ text: { status: "generated", div: '<div xmlns="http://www.w3.org/1999/xhtml"><script>1</script></div>' } }),
      ["value Patient.text.div"],
    ],
    [
      "a narrative without a status",
      patient({ text: { div: '<div xmlns="http://www.w3.org/1999/xhtml">A</div>' } }),
      ["required Patient.text.status"],
    ],
    ["a reference to another type", observation({ subject: { reference: "Practitioner/1" } }), ["value Observation.subject.reference"]],
    [
      "a reference whose type disagrees",
      observation({ subject: { reference: "Patient/1", type: "Group" } }),
      ["value Observation.subject.type"],
    ],
    ["a reference that is no address", observation({ subject: { reference: "somebody" } }), ["value Observation.subject.reference"]],
    [
      "a reference to a type that R4 does not have",
      observation({ subject: { reference: "Person2/1" } }),
      ["value Observation.subject.reference"],
    ],
    ["a reference by criteria", observation({ subject: { reference: "Patient?identifier=1" } }), ["value Observation.subject.reference"]],
    ["a reference to what it does not contain", observation({ subject: { reference: "#p" } }), ["invariant Observation.subject.reference"]],
    [
      "a contained resource that nothing refers to",
      observation({ contained: [{ resourceType: "Patient", id: "p" }] }),
      ["invariant Observation.contained[0]"],
    ],
    [
      "two contained resources of one id",
      observation({
        subject: { reference: "#p" },
        contained: [
          { resourceType: "Patient", id: "p" },
          { resourceType: "Group", id: "p", type: "person", actual: true },
        ],
      }),
      ["duplicate Observation.contained[1].id"],
    ],
    [
      "a fault in a contained resource",
      observation({ subject: { reference: "#p" }, contained: [{ resourceType: "Patient", id: "p", gender: "x" }] }),
      ["code-invalid Observation.contained[0].gender"],
    ],
    [
      "a contained resource of the wrong type",
      observation({ subject: { reference: "#p" }, contained: [{ resourceType: "Basic", id: "p", code: { text: "x" } }] }),
      ["value Observation.subject.reference"],
    ],
    [
      "a version in a contained resource",
      observation({ subject: { reference: "#p" }, contained: [{ resourceType: "Patient", id: "p", meta: { versionId: "1" } }] }),
      ["invariant Observation.contained[0]"],
    ],
    [
      "a security label in a contained resource",
      observation({ subject: { reference: "#p" }, contained: [{ resourceType: "Patient", id: "p", meta: { security: [{ code: "R" }] } }] }),
      ["invariant Observation.contained[0]"],
    ],
    [
      "a period that ends before it begins",
      patient({ address: [{ period: { start: "2020-05-02", end: "2020-05-01" } }] }),
      ["invariant Patient.address[0].period"],
    ],
    ["a contact of whom nothing is known", patient({ contact: [{ gender: "male" }] }), ["invariant Patient.contact[0]"]],
    [
      "a unit's code without its system",
      observation({ valueQuantity: { value: 1, code: "kg" } }),
      ["invariant Observation.value.ofType(Quantity)"],
    ],
    [
      "a value together with the reason for its absence",
      observation({ valueString: "x", dataAbsentReason: { text: "y" } }),
      ["invariant Observation"],
    ],
    [
      "a value beside a component of the same code",
      observation({ valueString: "x", code: { coding: [{ code: "a" }] }, component: [{ code: { coding: [{ code: "a" }] } }] }),
      ["invariant Observation"],
    ],
    [
      "a comparator where R4 wants a plain amount",
      { resourceType: "Observation", status: "final", code: { text: "x" }, referenceRange: [{ low: { value: 1, comparator: "<" } }] },
      ["invariant Observation.referenceRange[0].low"],
    ],
    [
      "a resource without a type in a bundle",
      { resourceType: "Bundle", type: "collection", entry: [{ resource: { id: "1" } }] },
      ["required Bundle.entry[0].resource"],
    ],
    [
      "a fault of a resource in a bundle",
      { resourceType: "Bundle", type: "collection", entry: [{ resource: patient({ gender: "x" }) }] },
      ["code-invalid Bundle.entry[0].resource.gender"],
    ],
    ["a parameter with nothing in it", { resourceType: "Parameters", parameter: [{ name: "a" }] }, ["invariant Parameters.parameter[0]"]],
    [
      "questions that have the same name",
      {
        resourceType: "Questionnaire",
        status: "draft",
        item: [
          { linkId: "1", type: "string" },
          { linkId: "1", type: "string" },
        ],
      },
      ["invariant Questionnaire"],
    ],
  ])("%s", (_, resource, faults) => {
    expect(faultsOf(resource)).toEqual(faults);
  });

  it.each([null, undefined, 5, "x", [], [{}], Number.NaN])("being no resource: %j", (value) => {
    expect(faultsOf(value, "Patient")).toEqual(["structure Patient"]);
  });

  it("another, a missing or an unknown type", () => {
    expect(faultsOf(patient({}), "Observation")).toEqual(["invalid Observation.resourceType"]);
    expect(faultsOf({}, "Patient")).toEqual(["required Patient.resourceType"]);
    expect(faultsOf({ resourceType: "constructor" })).toEqual(["value constructor"]);
  });

  it("all its faults at once", () => {
    const issues = validate(patient({ gender: "x", birthDate: "x", nmae: 1, active: 1, name: [{ family: "" }, {}] }), { type: "Patient" });
    expect(issues).toHaveLength(6);
    expect(issues.every(({ severity }) => severity === "error")).toBe(true);
  });

  it("endless nesting or endless faults, quickly", () => {
    const root: Json = { url: "a" };
    root["extension"] = [root];
    expect(faultsOf(patient({ extension: [root] }))[0]).toMatch(/^too-long/);
    const many = validate(patient({ name: Array.from({ length: 50_000 }, () => ({})) }), { type: "Patient" });
    expect(many).toHaveLength(10_001);
    expect(many.at(-1)?.code).toBe("too-long");
  });
});

describe("a resource is accepted with", () => {
  it.each<[what: string, resource: unknown]>([
    ["nothing but its type", patient({})],
    [
      "decimals kept by their text",
      parseJson('{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":2.50}}'),
    ],
    ["extensions in place of a value", patient({ _birthDate: { extension: [{ url: "http://a.example", valueCode: "unknown" }] } })],
    [
      "extensions in place of a required value",
      { resourceType: "Observation", _status: { extension: [{ url: "http://a.example", valueCode: "x" }] }, code: { text: "x" } },
    ],
    ["a value of a choice and its extensions", patient({ deceasedBoolean: true, _deceasedBoolean: { id: "a" } })],
    [
      "null where only the sibling has something",
      patient({ name: [{ given: [null, "B"], _given: [{ extension: [{ url: "a", valueCode: "b" }] }, null] }] }),
    ],
    ["a reference to what it contains", observation({ subject: { reference: "#p" }, contained: [patient({ id: "p" })] })],
    [
      "a contained resource that refers to its container",
      observation({
        contained: [
          {
            resourceType: "Provenance",
            id: "p",
            target: [{ reference: "#" }],
            recorded: "2020-01-01T00:00:00Z",
            agent: [{ who: { display: "A" } }],
          },
        ],
      }),
    ],
    ["an absolute address of no known form", observation({ subject: { reference: "http://a.example/x?y" } })],
    ["a reference of a bundle", observation({ subject: { reference: "urn:uuid:a7b2c1d0-0000-4000-8000-000000000000" } })],
    ["a period known to different precision", patient({ address: [{ period: { start: "2020-05-20", end: "2020-05" } }] })],
    [
      "criteria in a transaction",
      {
        resourceType: "Bundle",
        type: "transaction",
        entry: [
          { resource: observation({ subject: { reference: "Patient?identifier=1" } }), request: { method: "POST", url: "Observation" } },
        ],
      },
    ],
    ["an entry without an address", { resourceType: "Bundle", type: "collection", entry: [{ resource: patient({}) }] }],
    ["a code beyond R4's lists where it only proposes", patient({ maritalStatus: { coding: [{ code: "own" }] }, language: "tlh" })],
  ])("%s", (_, resource) => {
    expect(faultsOf(resource)).toEqual([]);
  });
});

it("says what to change, without the patient's data", () => {
  const issues = validate(
    patient({ gender: "Smith", birthDate: "Smith", name: [{ family: "Smith\0" }], generalPractitioner: [{ reference: "Smith" }] }),
    {
      type: "Patient",
    },
  );
  expect(issues).toHaveLength(4);
  expect(issues[0]?.diagnostics).toBe("gender must be one of male, female, other, unknown.");
  expect(JSON.stringify(issues)).not.toContain("Smith");
});

it("never throws, takes long or changes a resource, whatever is sent", () => {
  const folder = dirname(require.resolve("hl7.fhir.r4.examples/package.json"));
  const files = readdirSync(folder).filter((name) =>
    /^(Patient|Observation|Claim|Bundle-bundle|Questionnaire|Timing|CarePlan|Encounter|Parameters)-.*\.json$/.test(name),
  );
  const texts = files.map((name) => readFileSync(join(folder, name), "utf8")).filter((text) => text.length < 100_000);
  for (const text of texts) validate(parseJson(text), { type: (parseJson(text) as Json)["resourceType"] as string }); // compiles the types
  const value = fc.oneof(
    fc.constantFrom<unknown>(null, "", {}, [], [null], true, 0, -1, 1e300, "#x", "2020-02-30", { resourceType: "Patient" }, [[]]),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fc.nat(texts.length - 1), fc.array(fc.tuple(fc.nat(), value), { maxLength: 4 }), (index, changes) => {
      const resource = parseJson(nonNull(texts[index]));
      for (const [at, other] of changes) mutate(resource, at, other);
      const before = JSON.stringify(resource);
      const start = process.cpuUsage(); // this process alone: the machine may be busy
      validate(resource, { type: (resource as Json)["resourceType"] as string });
      expect(process.cpuUsage(start).user).toBeLessThan(50_000); // microseconds
      expect(JSON.stringify(resource)).toBe(before);
    }),
    { numRuns: 1_500, endOnFailure: true },
  );
});

it("checks every value of a resource: any wrong one is reported, wherever it is", () => {
  const folder = dirname(require.resolve("hl7.fhir.r4.examples/package.json"));
  let replaced = 0;
  for (const name of readdirSync(folder).filter((file) =>
    /^(Patient-f|Observation-f|Claim-10015|MedicationRequest-medrx03|Encounter-|CarePlan-).*\.json$/.test(file),
  )) {
    const resource = parseJson(readFileSync(join(folder, name), "utf8")) as Json;
    for (const [object, member] of placesIn(resource)) {
      const before = object[member];
      object[member] = [{ value: {} }, 5];
      if (faultsOf(resource).length === 0) throw new Error(`${name}: ${member} is not read.`);
      object[member] = before;
      replaced += 1;
    }
  }
  expect(replaced).toBeGreaterThan(1_000);
});

/** Puts another value in the place of the `at`-th member, counted over the whole. */
function mutate(root: unknown, at: number, other: unknown): void {
  const places = placesIn(root);
  const [object, name] = places[at % places.length] ?? [];
  if (object && name && name !== "resourceType") object[name] = structuredClone(other);
}

/** Each member of each object of the whole. */
function placesIn(root: unknown): [object: Json, name: string][] {
  const places: [object: Json, name: string][] = [];
  const visit = (value: unknown) => {
    if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
    for (const name of Object.keys(value)) {
      places.push([value as Json, name]);
      visit((value as Json)[name]);
    }
  };
  visit(root);
  return places;
}

describe("a resource with a profile", () => {
  const issuesOf = (profile: string) =>
    validate({ resourceType: "Patient", active: true, meta: { profile: [profile] } }, { type: "Patient" });
  const r4 = "http://hl7.org/fhir/StructureDefinition";

  it("that R4 defines for its type is accepted", () => {
    for (const profile of [`${r4}/Patient`, `${r4}/Patient|4.0.1`, `${r4}/vitalsigns`, "http://a.example/Observation"]) {
      expect(issuesOf(profile)).toEqual([]);
    }
  });

  it("that R4 defines for another type is refused", () => {
    expect(issuesOf(`${r4}/Observation`)).toMatchObject([{ code: "value", expression: ["Patient.meta.profile[0]"] }]);
  });
});
