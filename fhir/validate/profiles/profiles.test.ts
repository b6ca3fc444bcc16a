import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { validateWithProfiles } from "../index.ts";
import type { Profile, ProfileElement } from "./tree.ts";

type Json = Record<string, unknown>;

const profileOf = (url: string, type: string, element: ProfileElement[], more: Partial<Profile> = {}): Profile => ({
  resourceType: "StructureDefinition",
  url,
  type,
  derivation: "constraint",
  baseDefinition: `http://hl7.org/fhir/StructureDefinition/${type}`,
  differential: { element },
  ...more,
});

const RACE = "http://hospital.example/race";
const MRN = "http://hospital.example/mrn";

const race = profileOf(RACE, "Extension", [
  { id: "Extension", path: "Extension" },
  { id: "Extension.extension:category", path: "Extension.extension", sliceName: "category", min: 0, max: "2" },
  { id: "Extension.extension:category.url", path: "Extension.extension.url", fixedUri: "category" },
  { id: "Extension.extension:category.value[x]", path: "Extension.extension.value[x]", min: 1, type: [{ code: "Coding" }] },
  { id: "Extension.extension:text", path: "Extension.extension", sliceName: "text", min: 1, max: "1" },
  { id: "Extension.extension:text.url", path: "Extension.extension.url", fixedUri: "text" },
  { id: "Extension.extension:text.value[x]", path: "Extension.extension.value[x]", min: 1, type: [{ code: "string" }] },
  { id: "Extension.url", path: "Extension.url", fixedUri: RACE },
  { id: "Extension.value[x]", path: "Extension.value[x]", max: "0" },
]);

/** The shape of US Core's Patient profile, as a differential. */
const corePatient = profileOf("http://hospital.example/core-patient", "Patient", [
  {
    id: "Patient",
    path: "Patient",
    constraint: [{ key: "hos-1", severity: "error", human: "A name or a reason", expression: "name.exists() or extension.exists()" }],
  },
  {
    id: "Patient.extension:race",
    path: "Patient.extension",
    sliceName: "race",
    min: 0,
    max: "1",
    type: [{ code: "Extension", profile: [RACE] }],
  },
  {
    id: "Patient.identifier",
    path: "Patient.identifier",
    min: 1,
    slicing: { discriminator: [{ type: "value", path: "system" }], rules: "open" },
    mustSupport: true,
  },
  { id: "Patient.identifier.system", path: "Patient.identifier.system", min: 1 },
  { id: "Patient.identifier:mrn", path: "Patient.identifier", sliceName: "mrn", min: 1, max: "1" },
  { id: "Patient.identifier:mrn.system", path: "Patient.identifier.system", fixedUri: MRN },
  { id: "Patient.identifier:mrn.value", path: "Patient.identifier.value", min: 1, maxLength: 8 },
  {
    id: "Patient.name",
    path: "Patient.name",
    min: 1,
    constraint: [{ key: "hos-2", severity: "error", human: "Family or given", expression: "family.exists() or given.exists()" }],
  },
  {
    id: "Patient.gender",
    path: "Patient.gender",
    min: 1,
    binding: { strength: "required", valueSet: "http://hl7.org/fhir/ValueSet/administrative-gender" },
  },
  { id: "Patient.maritalStatus", path: "Patient.maritalStatus", patternCodeableConcept: { coding: [{ system: "http://m.example" }] } },
  { id: "Patient.deceased[x]", path: "Patient.deceased[x]", type: [{ code: "dateTime" }] },
  { id: "Patient.multipleBirth[x]", path: "Patient.multipleBirth[x]", max: "0" },
  { id: "Patient.birthDate", path: "Patient.birthDate", minValueDate: "1900-01-01" },
  {
    id: "Patient.generalPractitioner",
    path: "Patient.generalPractitioner",
    type: [{ code: "Reference", targetProfile: ["http://hl7.org/fhir/StructureDefinition/Practitioner"] }],
  },
]);

const raceOf = (...extension: Json[]) => ({ url: RACE, extension });
const text = { url: "text", valueString: "mixed" };
const good = (): Json => ({
  resourceType: "Patient",
  extension: [raceOf({ url: "category", valueCoding: { code: "a" } }, text)],
  identifier: [
    { system: MRN, value: "1" },
    { system: "http://other.example", value: "a long value" },
  ],
  name: [{ family: "A" }],
  gender: "female",
  birthDate: "1980",
});

const check = async (resource: Json, ...profiles: Profile[]) => {
  const issues = await validateWithProfiles(resource, { type: "Patient", profiles, stored: [race, corePatient] });
  return issues.map(({ severity, code, expression }) => `${severity} ${code} ${expression?.[0]}`);
};

it("accepts a patient that conforms to the profile", async () => {
  expect(await check(good(), corePatient)).toEqual([]);
});

describe("a profile refuses", () => {
  it.each<[what: string, change: Json, faults: string[]]>([
    ["a missing element", { gender: undefined }, ["required Patient.gender"]],
    [
      "a missing element of a part",
      { identifier: [{ system: MRN, value: "1" }, { value: "2" }] },
      ["required Patient.identifier[1].system"],
    ],
    ["a missing slice", { identifier: [{ system: "http://other.example" }] }, ["required Patient.identifier"]],
    [
      "a slice that occurs too often",
      {
        identifier: [
          { system: MRN, value: "1" },
          { system: MRN, value: "2" },
        ],
      },
      ["structure Patient.identifier"],
    ],
    ["a missing element of a slice", { identifier: [{ system: MRN }] }, ["required Patient.identifier[0].value"]],
    ["what is too long in a slice", { identifier: [{ system: MRN, value: "123456789" }] }, ["too-long Patient.identifier[0].value"]],
    ["another pattern", { maritalStatus: { coding: [{ code: "M" }] } }, ["value Patient.maritalStatus"]],
    ["another type of a choice", { deceasedBoolean: true }, ["value Patient.deceased.ofType(boolean)"]],
    ["an element that it rules out", { multipleBirthInteger: 2 }, ["structure Patient.multipleBirth"]],
    ["what breaks its rule", { name: [{ use: "usual" }] }, ["invariant Patient.name[0]"]],
    ["a value below its least", { birthDate: "1899-12-31" }, ["value Patient.birthDate"]],
    ["a reference to another type", { generalPractitioner: [{ reference: "Organization/1" }] }, ["value Patient.generalPractitioner[0]"]],
    [
      "a fault against the profile of an extension",
      { extension: [raceOf({ url: "category", valueCoding: { code: "a" } })] },
      ["required Patient.extension[0].extension"],
    ],
    [
      "another type in an extension's extension",
      { extension: [raceOf({ url: "text", valueCode: "a" })] },
      ["value Patient.extension[0].extension[0].value.ofType(code)"],
    ],
    ["an extension twice", { extension: [raceOf(text), raceOf(text)] }, ["structure Patient.extension"]],
    ["what R4 itself refuses, once", { gender: "x" }, ["code-invalid Patient.gender"]],
  ])("%s", async (_, change, faults) => {
    const changed = JSON.parse(JSON.stringify({ ...good(), ...change })) as Json;
    expect(await check(changed, corePatient)).toEqual(faults.map((fault) => `error ${fault}`));
  });

  it("a resource of another type", async () => {
    expect(await check(good(), profileOf("http://x.example", "Observation", []))).toEqual(["error invalid Patient"]);
  });
});

describe("a profile with a base profile", () => {
  const derived = (element: ProfileElement[]) =>
    profileOf("http://hospital.example/derived", "Patient", element, { baseDefinition: "http://hospital.example/core-patient|1.0" });

  it("requires what its base requires, and more", async () => {
    const strict = derived([
      { id: "Patient.birthDate", path: "Patient.birthDate", min: 1 },
      { id: "Patient.identifier:mrn.value", path: "Patient.identifier.value", fixedString: "7" },
    ]);
    expect(await check(JSON.parse(JSON.stringify({ ...good(), birthDate: undefined, gender: undefined })) as Json, strict)).toEqual([
      "error value Patient.identifier[0].value",
      "error required Patient.gender",
      "error required Patient.birthDate",
    ]);
  });

  it("is reported as checked in part if its base is not stored", async () => {
    const [issue, ...others] = await validateWithProfiles(good(), { type: "Patient", profiles: [derived([])], stored: [] });
    expect(issue).toMatchObject({ severity: "warning", code: "not-supported" });
    expect(issue?.diagnostics).toContain("http://hospital.example/core-patient");
    expect(others).toEqual([]);
  });
});

describe("slices are discriminated", () => {
  const sliced = (slicing: ProfileElement["slicing"], ...slices: ProfileElement[]) =>
    profileOf("http://s.example", "Patient", [{ id: "Patient.telecom", path: "Patient.telecom", slicing }, ...slices]);
  const phone = { id: "Patient.telecom:phone", path: "Patient.telecom", sliceName: "phone", max: "1" };
  const phones = {
    resourceType: "Patient",
    telecom: [
      { system: "phone", value: "1" },
      { system: "phone", value: "2" },
      { system: "email", value: "a", rank: 1 },
    ],
  };

  it.each<[by: string, profile: Profile, faults: string[]]>([
    [
      "by a pattern",
      sliced({ discriminator: [{ type: "pattern", path: "$this" }] }, { ...phone, patternContactPoint: { system: "phone" } }),
      ["error structure Patient.telecom"],
    ],
    [
      "by a fixed value below",
      sliced({ discriminator: [{ type: "value", path: "system" }] }, phone, { id: "Patient.telecom:phone.system", fixedCode: "phone" }),
      ["error structure Patient.telecom"],
    ],
    [
      "by existence",
      sliced({ discriminator: [{ type: "exists", path: "rank" }] }, { ...phone, max: "0" }, { id: "Patient.telecom:phone.rank", min: 1 }),
      ["error structure Patient.telecom"],
    ],
    [
      "when no others may be",
      sliced(
        { rules: "closed", discriminator: [{ type: "value", path: "system" }] },
        { ...phone, max: "*" },
        { id: "Patient.telecom:phone.system", fixedCode: "phone" },
      ),
      ["error structure Patient.telecom"],
    ],
    ["not by a profile", sliced({ discriminator: [{ type: "profile", path: "$this" }] }, phone), ["warning not-supported Patient"]],
    [
      "not by what the slice does not say",
      sliced({ discriminator: [{ type: "value", path: "system" }] }, phone),
      ["warning not-supported Patient"],
    ],
    ["not by a function", sliced({ discriminator: [{ type: "value", path: "resolve()" }] }, phone), ["warning not-supported Patient"]],
    ["not without a discriminator", sliced({ rules: "open" }, phone), ["warning not-supported Patient"]],
  ])("%s", async (_, profile, faults) => {
    expect(await check(phones, profile)).toEqual(faults);
  });

  it("by the type of a choice", async () => {
    const profile = profileOf("http://o.example", "Observation", [
      { id: "Observation.value[x]:valueQuantity", path: "Observation.value[x]", sliceName: "valueQuantity", type: [{ code: "Quantity" }] },
      { id: "Observation.value[x]:valueQuantity.unit", path: "Observation.value[x].unit", min: 1 },
    ]);
    const observed = (value: Json) =>
      validateWithProfiles(
        { resourceType: "Observation", status: "final", code: { text: "x" }, ...value },
        { type: "Observation", profiles: [profile], stored: [] },
      );
    expect(await observed({ valueString: "a" })).toEqual([]);
    expect(await observed({ valueQuantity: { value: 1, unit: "kg" } })).toEqual([]);
    expect(await observed({ valueQuantity: { value: 1 } })).toMatchObject([
      { code: "required", expression: ["Observation.value.ofType(Quantity).unit"] },
    ]);
  });
});

it.each<[what: string, element: ProfileElement]>([
  [
    "a value set that R4 does not list",
    { id: "Patient.language", binding: { strength: "required", valueSet: "http://hospital.example/vs" } },
  ],
  [
    "a profile that is not stored",
    { id: "Patient.maritalStatus", type: [{ code: "CodeableConcept", profile: ["http://hospital.example/unknown"] }] },
  ],
  [
    "a rule that needs what is not there",
    {
      id: "Patient",
      constraint: [{ key: "x-1", severity: "error", human: "x", expression: "maritalStatus.memberOf('http://a.example')" }],
    },
  ],
  ["a rule that is no FHIRPath", { id: "Patient", constraint: [{ key: "x-2", severity: "error", human: "x", expression: "((" }] }],
  [
    "a rule that is nested beyond reason",
    { id: "Patient", constraint: [{ key: "x-3", severity: "error", human: "x", expression: `${"(".repeat(20_000)}true` }] },
  ],
  [
    "a rule whose regular expression is none",
    { id: "Patient", constraint: [{ key: "x-4", severity: "error", human: "x", expression: "language.matches('(')" }] },
  ],
  ["an element that R4 does not have", { id: "Patient.nmae", min: 1 }],
])("names what it does not check: %s", async (_, element) => {
  const patient = { resourceType: "Patient", language: "en", maritalStatus: { text: "x" } };
  expect(await check(patient, profileOf("http://p.example", "Patient", [element]))).toMatchObject([
    expect.stringMatching(/^warning not-supported/),
  ]);
});

it("checks HL7's examples against the snapshots of HL7's own profiles, and finds their known faults", async () => {
  const folder = dirname(require.resolve("hl7.fhir.r4.examples/package.json"));
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Json;
  const profiles = new Map(
    ["vitalsigns", "bodyweight", "bp", "heartrate", "bodytemp", "bmi", "bodyheight"].map((id) => [
      `http://hl7.org/fhir/StructureDefinition/${id}`,
      read(`StructureDefinition-${id}.json`) as Profile,
    ]),
  );
  let held = 0;
  const faults: string[] = [];
  for (const name of readdirSync(folder).filter((file) => /^Observation-.*\.json$/.test(file))) {
    const resource = read(name);
    const named =
      ((resource["meta"] as Json | undefined)?.["profile"] as string[] | undefined)?.flatMap((url) => profiles.get(url) ?? []) ?? [];
    if (named.length === 0) continue;
    held += 1;
    for (const issue of await validateWithProfiles(resource, { type: "Observation", profiles: named, stored: [...profiles.values()] })) {
      if (issue.severity === "error") faults.push(`${name} ${issue.diagnostics}`);
    }
  }
  expect(held).toBeGreaterThan(8);
  expect(faults).toEqual([]);
});
