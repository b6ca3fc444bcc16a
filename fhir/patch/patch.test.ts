import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseJson } from "../json.ts";
import { childOf, parseXml, resourceOf } from "../../test/kit/xml.ts";
import { applyPatch } from "./index.ts";
import type { Resource } from "../resource.ts";
import { nonNull } from "../non-null.ts";

const folder = join(import.meta.dirname, "../../test/data/hl7");
const read = (name: string): string => readFileSync(join(folder, name), "utf8");

/** The cases' narratives differ in white space and in how a quotation mark is written, which is the same XHTML. */
function readable(resource: object): object {
  const { text } = resource as { text?: { div: string } };
  return text ? { ...resource, text: { ...text, div: text.div.replace(/\s+/g, " ").replaceAll("&quot;", '"') } } : resource;
}

describe("HL7's FHIRPath Patch cases", () => {
  const cases = parseXml(read("fhir-patch-r4.xml")).children;

  it.each(cases.map((one) => [one.attributes["name"], one] as const))("%s", async (_, one) => {
    const [input, diff, output] = ["input", "diff", "output"].map((name) => childOf(one, name)?.children[0]);
    const before = resourceOf(nonNull(input)) as Resource;
    const patch = () => applyPatch(before, resourceOf(nonNull(diff)));
    if (output) expect(readable(await patch())).toEqual(readable(resourceOf(output)));
    else await expect(patch()).rejects.toMatchObject({ status: 422 });
    expect(before).toEqual(resourceOf(nonNull(input)));
  });
});

describe("HL7's JSON Patch cases", () => {
  interface Case {
    comment: string;
    doc: Resource;
    patch: unknown[];
    expected?: unknown;
    error?: string;
  }
  const cases = JSON.parse(read("json-patch-r4.json")) as Case[];

  it.each(cases.map((one) => [one.comment, one] as const))("%s", async (_, { doc, patch, expected, error }) => {
    const before = structuredClone(doc);
    if (error) await expect(applyPatch(doc, patch)).rejects.toMatchObject({ status: 422 });
    else expect(await applyPatch(doc, patch)).toEqual(expected);
    expect(doc).toEqual(before);
  });
});

describe("a JSON Patch", () => {
  const observation = () =>
    parseJson(
      '{"resourceType":"Observation","valueQuantity":{"value":2.50,"unit":"mg"},"note":[{"text":"a"}],"code":{"text":"c"}}',
    ) as Resource;
  const patched = async (patch: string) => JSON.stringify(await applyPatch(observation(), parseJson(patch)));

  it.each([
    ["sets a decimal", '[{"op":"replace","path":"/valueQuantity/value","value":1.00}]', '"valueQuantity":{"value":1.00,'],
    ["copies one", '[{"op":"copy","from":"/valueQuantity","path":"/component"}]', '"component":{"value":2.50,"unit":"mg"}'],
    ["moves one", '[{"op":"move","from":"/valueQuantity/value","path":"/value"}]', '"value":2.50}'],
    ["finds it equal however it is written", '[{"op":"test","path":"/valueQuantity/value","value":2.5}]', '"value":2.50,'],
    ["also within an object", '[{"op":"test","path":"/valueQuantity","value":{"unit":"mg","value":25e-1}}]', '"value":2.50,'],
    ["takes a list's last element and the list", '[{"op":"remove","path":"/note/0"}]', '"mg"},"code"'],
    ["takes what is empty without it", '[{"op":"remove","path":"/note/0/text"},{"op":"remove","path":"/code/text"}]', '"mg"}}'],
    [
      "fills a list that it has emptied",
      '[{"op":"remove","path":"/note/0"},{"op":"add","path":"/note/-","value":{"text":"b"}}]',
      '[{"text":"b"}]',
    ],
    ["replaces the whole", '[{"op":"replace","path":"","value":{"resourceType":"Observation","status":"final"}}]', '"status":"final"}'],
  ])("%s", async (_, patch, part) => {
    expect(await patched(patch)).toContain(part);
  });

  it.each([
    ["another number", '[{"op":"test","path":"/valueQuantity/value","value":2.51}]', 422],
    ["a number as a text", '[{"op":"test","path":"/valueQuantity/value","value":"2.50"}]', 422],
    ["no place in a number", '[{"op":"add","path":"/valueQuantity/value/rawJSON","value":"9"}]', 422],
    ["an index with a leading zero", '[{"op":"remove","path":"/note/00"}]', 422],
    ["an index beyond the end", '[{"op":"add","path":"/note/2","value":{}}]', 422],
    ["a member of what all objects have", '[{"op":"remove","path":"/toString"}]', 422],
    ["nothing left", '[{"op":"remove","path":""}]', 422],
    ["null left", '[{"op":"replace","path":"","value":null}]', 422],
    [
      "a list copied into itself again and again",
      JSON.stringify(Array.from({ length: 40 }, () => ({ op: "copy", from: "/note", path: "/note/-" }))),
      400,
    ],
    [
      "an object moved into its neighbour again and again",
      JSON.stringify([
        { op: "add", path: "/extension", value: Array.from({ length: 300 }, () => ({ extension: [] })) },
        ...Array.from({ length: 140 }, (_, index) => ({
          op: "move",
          from: `/extension/${index}`,
          path: `/extension/${index + 1}/extension/-`,
        })),
      ]),
      400,
    ],
  ])("refuses %s", async (_, patch, status) => {
    await expect(patched(patch)).rejects.toMatchObject({ status });
  });
});

type Parts = Record<string, unknown>;

/** `{ type: "add", path: …, value: { valueCode: … } }` as Parameters. */
const patchOf = (...operations: Parts[]): Resource => ({
  resourceType: "Parameters",
  parameter: operations.map((parts) => ({
    name: "operation",
    part: Object.entries(parts).map(([name, value]) => {
      if (name === "value") return { name, ...(value as object) };
      return { name, [typeof value === "number" ? "valueInteger" : name === "type" ? "valueCode" : "valueString"]: value };
    }),
  })),
});

describe("a FHIRPath Patch", () => {
  const patient = (): Resource => ({
    resourceType: "Patient",
    deceasedBoolean: false,
    name: [{ family: "A", given: ["B", "C"], _given: [null, { id: "c" }] }, { family: "D" }],
  });

  it.each<[what: string, operation: Parts, after: Parts]>([
    [
      "changes the type of a choice",
      { type: "replace", path: "Patient.deceased", value: { valueDateTime: "2020" } },
      { deceasedDateTime: "2020", deceasedBoolean: undefined },
    ],
    [
      "adds a choice by its type",
      { type: "add", path: "Patient", name: "multipleBirth", value: { valueInteger: 2 } },
      { multipleBirthInteger: 2 },
    ],
    [
      "keeps a list and its extensions in step when it inserts",
      { type: "insert", path: "Patient.name[0].given", index: 0, value: { valueString: "X" } },
      { name: [{ family: "A", given: ["X", "B", "C"], _given: [null, null, { id: "c" }] }, { family: "D" }] },
    ],
    [
      "keeps them in step when it deletes",
      { type: "delete", path: "Patient.name[0].given[1]" },
      { name: [{ family: "A", given: ["B"] }, { family: "D" }] },
    ],
    [
      "keeps them in step when it moves",
      { type: "move", path: "Patient.name[0].given", source: 1, destination: 0 },
      { name: [{ family: "A", given: ["C", "B"], _given: [{ id: "c" }, null] }, { family: "D" }] },
    ],
    [
      "replaces one of a list",
      { type: "replace", path: "Patient.name[0].given[1]", value: { valueString: "X" } },
      { name: [{ family: "A", given: ["B", "X"] }, { family: "D" }] },
    ],
    [
      "finds by a condition",
      { type: "replace", path: "Patient.name.where(family = 'D').family", value: { valueString: "E" } },
      { name: [{ family: "A", given: ["B", "C"], _given: [null, { id: "c" }] }, { family: "E" }] },
    ],
    [
      "inserts the first of a list",
      { type: "insert", path: "Patient.telecom", index: 0, value: { valueContactPoint: { system: "phone", value: "5" } } },
      { telecom: [{ system: "phone", value: "5" }] },
    ],
    [
      "adds an extension to a primitive",
      {
        type: "add",
        path: "Patient.deceased",
        name: "extension",
        value: {
          part: [
            { name: "url", valueUri: "http://a.example" },
            { name: "value", valueCode: "x" },
          ],
        },
      },
      { _deceasedBoolean: { extension: [{ url: "http://a.example", valueCode: "x" }] } },
    ],
    [
      "builds what has no type of its own from parts",
      {
        type: "add",
        path: "Patient",
        name: "contact",
        value: {
          part: [
            { name: "name", valueHumanName: { text: "A" } },
            { name: "telecom", valueContactPoint: { value: "1" } },
            { name: "telecom", valueContactPoint: { value: "2" } },
          ],
        },
      },
      { contact: [{ name: { text: "A" }, telecom: [{ value: "1" }, { value: "2" }] }] },
    ],
    [
      "deletes what is empty without what it deletes",
      { type: "delete", path: "Patient.name[1].family" },
      { name: [{ family: "A", given: ["B", "C"], _given: [null, { id: "c" }] }] },
    ],
    ["deletes what is not there without a word", { type: "delete", path: "Patient.birthDate" }, {}],
  ])("%s", async (_, operation, after) => {
    expect(await applyPatch(patient(), patchOf(operation))).toEqual({ ...patient(), ...after });
  });

  it.each<[what: string, status: number, operation: Parts]>([
    ["of an unknown type", 400, { type: "copy", path: "Patient" }],
    ["without a path", 400, { type: "delete" }],
    ["whose path is no FHIRPath", 400, { type: "delete", path: "Patient.name[" }],
    ["whose path computes", 400, { type: "delete", path: "1 + 1" }],
    ["whose path joins lists that are several elements", 422, { type: "delete", path: "(Patient.name | Patient.contact.name)" }],
    ["whose path is too long", 400, { type: "delete", path: `Patient.name.where(family = '${"a".repeat(1_000)}')` }],
    ["without a value", 400, { type: "add", path: "Patient", name: "birthDate" }],
    [
      "with two values",
      400,
      { type: "add", path: "Patient", name: "birthDate", value: { valueDate: "2020", valueDateTime: "2021-01-01T10:00:00Z" } },
    ],
    [
      "with a value and parts",
      400,
      { type: "replace", path: "Patient.name[0]", value: { valueHumanName: { text: "A" }, part: [{ name: "text", valueString: "B" }] } },
    ],
    ["without an index", 400, { type: "insert", path: "Patient.name", value: { valueHumanName: {} } }],
    ["that deletes several", 422, { type: "delete", path: "Patient.name" }],
    ["that replaces nothing", 422, { type: "replace", path: "Patient.birthDate", value: { valueDate: "2020" } }],
    ["that adds what is there", 422, { type: "add", path: "Patient", name: "deceased", value: { valueDateTime: "2020" } }],
    ["that adds an unknown element", 422, { type: "add", path: "Patient", name: "nmae", value: { valueString: "A" } }],
    [
      "that adds a type which a choice does not have",
      422,
      { type: "add", path: "Patient", name: "multipleBirth", value: { valueString: "A" } },
    ],
    ["that adds to __proto__", 422, { type: "add", path: "Patient", name: "__proto__", value: { valueString: "A" } }],
    ["that inserts beyond the end", 422, { type: "insert", path: "Patient.name", index: 3, value: { valueHumanName: {} } }],
    ["that inserts into no list", 422, { type: "insert", path: "Patient.deceased", index: 0, value: { valueBoolean: true } }],
    ["that moves beyond the end", 422, { type: "move", path: "Patient.name", source: 0, destination: 2 }],
    ["that replaces the resource", 422, { type: "replace", path: "Patient", value: { valueString: "A" } }],
  ])("is refused %s", async (_, status, operation) => {
    await expect(applyPatch(patient(), patchOf(operation))).rejects.toMatchObject({ status });
  });

  it("is carried out whole or not at all, and leaves the given resource as it is", async () => {
    const before = patient();
    const patch = patchOf({ type: "delete", path: "Patient.name[1]" }, { type: "delete", path: "Patient.name.given" });
    await expect(applyPatch(before, patch)).rejects.toMatchObject({ status: 422 });
    expect(before).toEqual(patient());
  });

  it("keeps decimals as they were written", async () => {
    const before = parseJson('{"resourceType":"Observation","valueQuantity":{"value":2.50}}') as Resource;
    const patched = await applyPatch(
      before,
      patchOf({ type: "add", path: "Observation.value", name: "unit", value: { valueString: "kg" } }),
    );
    expect(JSON.stringify(patched)).toBe('{"resourceType":"Observation","valueQuantity":{"value":2.50,"unit":"kg"}}');
  });

  it.each([
    { parameter: {} },
    { parameter: [null] },
    { parameter: [{ name: "operation", part: [{}] }] },
    { parameter: [{ name: "x", part: [] }] },
  ])("is refused when it is none: %j", async (members) => {
    await expect(applyPatch(patient(), { resourceType: "Parameters", ...members })).rejects.toMatchObject({ status: 400 });
  });
});
