import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { evaluate, locate } from "./fhirpath.ts";
import { parseJson } from "./json.ts";
import { childOf, type Element, parseXml } from "./testing/xml.ts";

const examples = dirname(require.resolve("hl7.fhir.r4.examples/package.json"));
const folder = join(import.meta.dirname, "../../shared/data/hl7");

const example = (name: string): object => JSON.parse(readFileSync(join(examples, `${name}.json`), "utf8")) as object;

/** The cases' input files; what npm's examples do not hold is written as the cases describe it. */
const inputs: Record<string, () => object> = {
  "patient-example.xml": () => example("Patient-example"),
  "observation-example.xml": () => example("Observation-example"),
  "valueset-example-expansion.xml": () => example("ValueSet-example-expansion"),
  "questionnaire-example.xml": () => example("Questionnaire-3141"),
  "codesystem-example.xml": () => example("CodeSystem-example"),
  "explanationofbenefit-example.json": () => example("ExplanationOfBenefit-EB3500"),
  "appointment-examplereq.json": () => example("Appointment-examplereq"),
  "parameters-example-types.xml": () => ({
    resourceType: "Parameters",
    parameter: [
      { valueString: "a" },
      { valueInteger: 1 },
      { valueUuid: "urn:uuid:c757873d-ec9a-4326-a141-556f43239520" },
      { valueDecimal: 1.5 },
    ],
  }),
  "patient-example-period.xml": () => ({
    resourceType: "Patient",
    identifier: [{ period: { start: "2021-12-09T12:00:00Z", end: "2021-12-09" } }],
  }),
  "patient-container-example.json": () => ({ resourceType: "Patient", contained: [{ resourceType: "Patient", id: "1" }] }),
  "patient-name-extensions.json": () => ({
    resourceType: "Patient",
    name: [{ given: [null, "B"], _given: [{ extension: [{ url: "a", valueCode: "b" }] }, null] }],
  }),
};

/** Cases that the library does not answer as HL7 does, by its own deviation. */
const deviations: Record<string, string[]> = {
  "It does not check an expression against the types before it is evaluated; what cannot be there is empty.": [
    "testSimpleFail",
    "testSimpleWithWrongContext",
    "testPolymorphismB",
    "testPolymorphicsB",
    "testPolymorphismAsB",
    "testDollarOrderNotAllowed",
    "testCollectionBoolean1",
    "testIif6",
    "testIif10",
  ],
  "Quantities are equivalent at the precision of both, which it takes otherwise.": ["testQuantity4"],
  "An empty regular expression matches everywhere.": ["testReplaceMatches2"],
  "It sorts by -$this numbers only.": ["testSort8", "testSort10"],
  "A time without a zone has that of the machine.": ["testEquality23", "testNEquality17"],
  "A list in an equivalence keeps its order.": ["testEquivalent21", "testEquivalent23", "testNotEquivalent21"],
  "It adds to a time in UTC.": [3, 4, 5, 6, 7, 8, 18, 19, 20, 21, 22].map((number) => `testPlusDate${number}`),
  "It subtracts no UCUM months.": ["testMinus5"],
  "It does not know System.Patient, rather than saying that nothing is one.": ["testType22"],
  "It has no conformsTo.": ["testConformsTo1", "testConformsTo2"],
  "It has no precision().": [
    "PrecisionDecimal",
    "PrecisionYear",
    "PrecisionDateTimeMilliseconds",
    "PrecisionTimeMinutes",
    "PrecisionTimeMilliseconds",
  ],
  "It has no boundaries of quantities.": ["LowBoundaryQuantity", "HighBoundaryQuantity"],
  "It rounds boundaries of few digits away from zero.": ["LowBoundaryDecimal15", "HighBoundaryDecimal15", "HighBoundaryDecimal16"],
  "Boundaries of an hour have no zone.": [
    "LowBoundaryDateTimeMillisecond1",
    "HighBoundaryDateTimeMillisecond1",
    "HighBoundaryDateTimeMillisecond3",
  ],
  "A code is a string to it.": ["testFHIRPathAsFunction11", "testFHIRPathAsFunction16"],
  // Not the library's:
  "npm's example has another version than the cases' file.": ["testFHIRPathAsFunction14", "testFHIRPathAsFunction19"],
  "npm's example lacks the extension that the cases' file has.": [
    "testFHIRPathIsFunction8",
    "testFHIRPathIsFunction9",
    "testFHIRPathIsFunction10",
  ],
  "npm's example has no code twice, as the cases' file has.": ["testCombine1"],
};

function cases(): Element[] {
  const path = join(folder, "fhirpath-r4.xml");
  if (!existsSync(path)) throw new Error(`This test needs HL7's cases in ${path}: r4/fhirpath of FHIR/fhir-test-cases.`);
  return parseXml(readFileSync(path, "utf8")).children.flatMap((group) => group.children.filter(({ name }) => name === "test"));
}

/** What is wrong with the answer; undefined when nothing is. */
function fault(one: Element): string | undefined {
  const { attributes, text = "" } = childOf(one, "expression") ?? {};
  const input = one.attributes["inputfile"];
  const resource = input ? inputs[input]!() : {};
  let found: unknown[];
  try {
    found = evaluate(text, resource);
  } catch (error) {
    return attributes?.["invalid"] ? undefined : String(error);
  }
  if (attributes?.["invalid"]) return `is not refused: ${attributes["invalid"]}`;
  if (one.attributes["predicate"] === "true") found = [typeof found[0] === "boolean" ? found[0] : found.length > 0];
  const expected = one.children.filter(({ name }) => name === "output").map((output) => output.text);
  const isSame = found.length === expected.length && found.every((value, index) => isEqual(value, expected[index]!));
  return isSame ? undefined : `${JSON.stringify(found)}, not ${JSON.stringify(expected)}`;
}

function isEqual(value: unknown, expected: string): boolean {
  if (typeof value === "number") return value === Number(expected);
  return String(value) === expected.replace(/^@T?/, "");
}

describe("HL7's FHIRPath cases for R4", () => {
  it("are answered as HL7 answers them, but for the library's known deviations", () => {
    const warn = jest.spyOn(console, "warn").mockImplementation(() => {});
    const all = cases();
    const found = all.filter((one) => fault(one) !== undefined).map((one) => one.attributes["name"]!);
    warn.mockRestore();
    expect(found.sort()).toEqual(Object.values(deviations).flat().sort());
    expect(all).toHaveLength(935); // and two that are commented out
  });
});

describe("an expression", () => {
  const patient = {
    resourceType: "Patient",
    name: [{ family: "A", given: ["B", "C"] }],
    text: { status: "empty", div: "<div/>" },
    deceasedBoolean: true,
  };

  it("finds JSON values and says where they are", () => {
    expect(evaluate("Patient.name", patient)).toEqual(patient.name);
    expect(locate("Patient.name.given.last()", patient)).toEqual([["name", 0, "given", 1]]);
    expect(locate("Patient.text.div", patient)).toEqual([["text", "div"]]);
    expect(locate("Patient", patient)).toEqual([[]]);
    expect(evaluate("Patient.birthDate", patient)).toEqual([]);
    expect(() => locate("1 + 1", patient)).toThrow("computes");
    expect(() => evaluate("Patient.name[", patient)).toThrow();
  });

  it("leaves no trace in the record, which may be frozen", () => {
    const frozen = Object.freeze({ ...patient, name: Object.freeze([Object.freeze({ family: "A" })]) });
    const [name] = evaluate("Patient.name", frozen) as object[];
    expect(Reflect.ownKeys(name!)).toEqual(["family"]);
  });

  it("reads decimals kept by their text", () => {
    const observation = parseJson('{"resourceType":"Observation","valueQuantity":{"value":2.50}}');
    expect(evaluate("Observation.value.value", observation)).toEqual([2.5]);
    expect(evaluate("Observation.value.value > 2.4", observation)).toEqual([true]);
  });

  it("knows FHIR's own variables", () => {
    expect(evaluate("%sct & %loinc & %ucum", {})).toEqual(["http://snomed.info/scthttp://loinc.orghttp://unitsofmeasure.org"]);
    expect(evaluate("%`ext-patient-birthTime`", {})).toEqual(["http://hl7.org/fhir/StructureDefinition/patient-birthTime"]);
  });
});
