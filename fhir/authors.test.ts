/** Elements that name an author: each is R4's, takes a Practitioner, and is found again. */
import { AUTHOR_ELEMENTS, lacksAuthor, nameAuthor, namedAuthors } from "./authors.ts";
import type { Resource } from "./resource.ts";
import { validate } from "./validate/index.ts";

const author = { reference: "Practitioner/1", display: "Ada" };
const EVERY = Object.entries(AUTHOR_ELEMENTS).flatMap(([type, elements]) => elements.map((element): [string, string] => [type, element]));

/** A resource in which nothing but this element is set. */
function withElement(type: string, element: string): Resource {
  const steps = element.replace("?", "").split(".");
  const value = steps.reduceRight<unknown>((inner, step) => {
    const name = step.replace("[]", "");
    return { [name]: step.includes("[]") ? [inner] : inner };
  }, author);
  return { resourceType: type, ...(value as object) };
}

describe("elements that name an author", () => {
  it.each(EVERY)("%s.%s is an element of R4 that may refer to a Practitioner", (type, element) => {
    const resource = withElement(type, element);
    const [found, ...more] = namedAuthors(resource);
    expect([found?.reference, more]).toEqual(["Practitioner/1", []]);
    const { expression = "" } = found ?? {};
    const faults = validate(resource, { type }).filter((issue) =>
      issue.expression?.some((path) => `${expression}.`.startsWith(`${path}.`) && path !== type),
    );
    expect(faults.filter(({ code }) => code !== "required")).toEqual([]);
  });

  it.each<[string, object, string, string | undefined]>([
    ["a role", { performer: [{ reference: "PractitionerRole/2" }] }, "performer[0]", "PractitionerRole/2"],
    [
      "an address",
      { performer: [{ reference: "https://ehr.example/fhir/Practitioner/2" }] },
      "performer[0]",
      "https://ehr.example/fhir/Practitioner/2",
    ],
    ["a version", { performer: [{ reference: "Practitioner/2/_history/1" }] }, "performer[0]", "Practitioner/2/_history/1"],
    ["a number", { performer: [{ type: "Practitioner", identifier: { system: "urn:rpps", value: "2" } }] }, "performer[0]", undefined],
    ["a name", { performer: [{ type: "PractitionerRole", display: "Bruno Verdi" }] }, "performer[0]", undefined],
    [
      "what is contained",
      { contained: [{ resourceType: "Practitioner", id: "b" }], performer: [{ reference: "#b" }] },
      "performer[0]",
      undefined,
    ],
    [
      "a role that is contained",
      {
        contained: [{ resourceType: "PractitionerRole", id: "b", practitioner: { reference: "Practitioner/2" } }],
        performer: [{ reference: "#b" }],
      },
      "performer[0]",
      "Practitioner/2",
    ],
    [
      "who has noted something",
      { note: [{ text: "x" }, { text: "y", authorReference: { reference: "Practitioner/2" } }] },
      "note[1].authorReference",
      "Practitioner/2",
    ],
  ])("are found by %s", (_, more, at, reference) => {
    const [found, ...rest] = namedAuthors({ resourceType: "Observation", status: "final", ...more } as Resource);
    expect([found?.expression, found?.reference, rest]).toEqual([`Observation.${at}`, reference, []]);
  });

  it.each([
    [
      "CarePlan",
      { activity: [{ progress: [{ text: "x", authorReference: author }] }] },
      "CarePlan.activity[0].progress[0].authorReference",
    ],
    [
      "AllergyIntolerance",
      { reaction: [{ note: [{ text: "x", authorReference: author }] }] },
      "AllergyIntolerance.reaction[0].note[0].authorReference",
    ],
    [
      "FamilyMemberHistory",
      { condition: [{ note: [{ text: "x", authorReference: author }] }] },
      "FamilyMemberHistory.condition[0].note[0].authorReference",
    ],
    ["Provenance", { signature: [{ who: author }] }, "Provenance.signature[0].who"],
    ["Contract", { signer: [{ signature: [{ who: author }] }] }, "Contract.signer[0].signature[0].who"],
    ["Bundle", { signature: { who: author } }, "Bundle.signature.who"],
  ])("are found in notes and signatures of a %s", (resourceType, more, expression) => {
    expect(namedAuthors({ resourceType, ...more } as Resource)).toEqual([expect.objectContaining({ expression, isAlone: true })]);
  });

  it("do not include patients, relatives, organisations, devices, or contained resources of these", () => {
    const performer = [
      { reference: "Patient/1" },
      { reference: "Organization/Practitioner" },
      { reference: "#o" },
      { display: "The laboratory" },
      { type: "Organization", identifier: { value: "1" } },
    ];
    const contained = [{ resourceType: "Organization", id: "o" }];
    expect(namedAuthors({ resourceType: "Observation", contained, performer } as unknown as Resource)).toEqual([]);
  });

  it("are filled in if they are empty, and only then", () => {
    const order: Resource = { resourceType: "MedicationRequest", requester: { reference: "Practitioner/2" } } as Resource;
    expect(lacksAuthor(order)).toBe(true);
    nameAuthor(order, author);
    expect(order).toEqual({ resourceType: "MedicationRequest", requester: { reference: "Practitioner/2" }, recorder: author });
    expect(lacksAuthor(order)).toBe(false);
    const dose = { resourceType: "MedicationAdministration" } as Resource;
    nameAuthor(dose, author);
    expect(dose).toEqual({ resourceType: "MedicationAdministration", performer: [{ actor: author }] });
    const patient = { resourceType: "Patient" } as Resource;
    expect([nameAuthor(patient, author), patient]).toEqual([false, { resourceType: "Patient" }]);
  });
});
