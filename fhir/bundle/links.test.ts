import { type LinkKind, replaceLinks } from "./links.ts";
import { linksInPatched, linksTo } from "./replace-links.ts";

const OLD = "http://other.org/fhir/Patient/x1";
const targets = new Map([
  [OLD, { reference: "Patient/new" }],
  ["urn:uuid:6f0e2b66-0c5a-4d4e-9d2f-000000000001", { reference: "Patient/new" }],
  ["http://other.org/fhir/ValueSet/v", { reference: "ValueSet/v", isSame: true }],
]);
const replacement = linksTo(targets, "http://other.org/fhir/Observation/o1");
const rewritten = (resource: object): Record<string, unknown> => {
  const copy = structuredClone(resource) as Record<string, unknown>;
  replaceLinks(copy, replacement);
  return copy;
};

describe("the links of a resource", () => {
  it.each<[string, object, object]>([
    ["a reference", { subject: { reference: OLD } }, { subject: { reference: "Patient/new" } }],
    ["one relative to the entry's fullUrl", { subject: { reference: "Patient/x1" } }, { subject: { reference: "Patient/new" } }],
    ["one of a version", { subject: { reference: `${OLD}/_history/2` } }, { subject: { reference: "Patient/new/_history/2" } }],
    [
      "an element of type uri or url",
      {
        extension: [
          { url: "http://x", valueUri: OLD },
          { url: "http://x", valueUrl: OLD },
        ],
      },
      {
        extension: [
          { url: "http://x", valueUri: "Patient/new" },
          { url: "http://x", valueUrl: "Patient/new" },
        ],
      },
    ],
    [
      "an extension of a primitive, inside a list",
      { text: { _status: { extension: [{ url: "http://x", valueReference: { reference: OLD } }] } } },
      { text: { _status: { extension: [{ url: "http://x", valueReference: { reference: "Patient/new" } }] } } },
    ],
    [
      "a contained resource",
      { contained: [{ resourceType: "Provenance", id: "p", target: [{ reference: OLD }] }] },
      { contained: [{ resourceType: "Provenance", id: "p", target: [{ reference: "Patient/new" }] }] },
    ],
    [
      "a narrative",
      { text: { div: `<div><a href="${OLD}">x</a><img src='${OLD}'/>${OLD}</div>` } },
      { text: { div: `<div><a href="Patient/new">x</a><img src='Patient/new'/>${OLD}</div>` } },
    ],
    [
      "a backbone, and one that is inside its like",
      { component: [{ extension: [{ url: "http://x", valueReference: { reference: OLD } }] }] },
      { component: [{ extension: [{ url: "http://x", valueReference: { reference: "Patient/new" } }] }] },
    ],
  ])("are followed: %s", (_, before, after) => {
    expect(rewritten({ resourceType: "Observation", ...before })).toEqual({ resourceType: "Observation", ...after });
  });

  it("are found in nested items, in Parameters, and in choices", () => {
    const answer = (reference: string) => [{ linkId: "1", item: [{ linkId: "2", answer: [{ valueReference: { reference } }] }] }];
    expect(rewritten({ resourceType: "QuestionnaireResponse", item: answer(OLD) })).toMatchObject({ item: answer("Patient/new") });
    const parameters = (reference: string) => [
      { name: "a", part: [{ name: "b", resource: { resourceType: "Flag", subject: { reference } } }] },
    ];
    expect(rewritten({ resourceType: "Parameters", parameter: parameters(OLD) })).toMatchObject({ parameter: parameters("Patient/new") });
  });

  it.each<object>([
    { resourceType: "Communication", payload: [{ contentString: "Patient/x1" }], note: [{ authorString: "Patient/x1", text: OLD }] },
    { resourceType: "Patient", name: [{ family: "Patient/x1", given: ["Patient/x1"] }], address: [{ line: ["Patient/x1"], city: OLD }] },
    { resourceType: "Patient", identifier: [{ system: OLD, value: OLD, type: { coding: [{ system: OLD, code: "Patient/x1" }] } }] },
    { resourceType: "Patient", meta: { source: OLD, profile: [OLD] }, implicitRules: OLD, extension: [{ url: OLD, valueCanonical: OLD }] },
    { resourceType: "Patient", extension: [{ url: "http://x", valueUuid: "urn:uuid:6f0e2b66-0c5a-4d4e-9d2f-000000000001" }] },
    { resourceType: "QuestionnaireResponse", questionnaire: OLD },
    { resourceType: "CarePlan", instantiatesCanonical: [OLD] },
    { resourceType: "ValueSet", url: OLD, compose: { include: [{ system: OLD, valueSet: [OLD] }] } },
    {
      resourceType: "StructureDefinition",
      url: OLD,
      type: OLD,
      differential: { element: [{ id: "x", path: "x", fixedUri: OLD, type: [{ code: OLD, profile: [OLD] }] }] },
    },
    { resourceType: "Observation", subject: { reference: "#Patient/x1", type: "Patient", display: OLD } },
  ])("are not what only looks like one: %j", (resource) => {
    expect(rewritten(resource)).toEqual(resource);
  });

  it("to resources that keep their ids become relative in references, and stay unchanged elsewhere", () => {
    const address = "http://other.org/fhir/ValueSet/v";
    const list = { resourceType: "List", entry: [{ item: { reference: address } }], extension: [{ url: "http://x", valueUri: address }] };
    expect(rewritten(list)).toEqual({ ...list, entry: [{ item: { reference: "ValueSet/v" } }] });
  });

  it("in a bundle that is stored as one are unchanged if it contains their targets", () => {
    const document = {
      resourceType: "Bundle",
      type: "collection",
      entry: [
        { fullUrl: OLD, resource: { resourceType: "Patient" } },
        { fullUrl: "http://other.org/fhir/Flag/1", resource: { resourceType: "Flag", subject: { reference: "Patient/x1" } } },
        { fullUrl: "http://other.org/fhir/Flag/2", resource: { resourceType: "Flag", subject: { reference: OLD } } },
      ],
    };
    expect(rewritten(document)).toEqual(document);
    const other = { ...document, entry: document.entry.slice(2) };
    expect(rewritten(other)).toMatchObject({ entry: [{ resource: { subject: { reference: "Patient/new" } } }] });
  });

  it("of a patched resource change only if they cannot have had another meaning before", () => {
    const patched = { resourceType: "Flag", subject: { reference: "Patient/x1" }, author: { reference: OLD }, implicitRules: OLD };
    const seen: [string, LinkKind][] = [];
    replaceLinks(patched, (link, kind) => {
      seen.push([link, kind]);
      return linksInPatched(targets)(link, kind);
    });
    expect(patched).toEqual({ ...patched, subject: { reference: "Patient/x1" }, author: { reference: "Patient/new" } });
    expect(seen).toHaveLength(2);
  });

  it.each<unknown>([
    null,
    "x",
    [],
    {},
    { resourceType: "Cat" },
    { resourceType: "Patient", name: "x", contact: [null, 1], link: { other: [] } },
  ])("of what is no resource, or has not its form, there are none: %j", (value) => {
    expect(() => replaceLinks(value, replacement)).not.toThrow();
  });
});
