import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { compile } from "fhirpath";
import model from "fhirpath/fhir-context/r4";
import type { SearchParameterDefinition } from "../../scripts/generate/definitions.ts";
import { searchParameters } from "../../scripts/generate/definitions.ts";
import { indexOf } from "./extract.ts";
import { parametersOf } from "./parameters.ts";
import { nonNull } from "../non-null.ts";

type Evaluate = (resource: object) => unknown[];

/** HL7's own expression, each member of a union by itself: `|` would compare values, which fails for some quantities. */
function evaluatorOf({ expression = "" }: SearchParameterDefinition): Evaluate {
  const members = expression
    // Our rows tell references of several types apart when they are asked for.
    .replace(/\.where\(resolve\(\) is \w+\)/g, "")
    // "as" fails on lists; HL7 means each element.
    .replace(/\((\S+) as (\w+)\)/g, "($1.ofType($2))")
    .replace(/\.as\(/g, ".ofType(")
    .split(" | ")
    .map((member) => compile(member, model) as Evaluate);
  return (resource) => members.flatMap((member) => member(resource));
}

/** What no search finds: a reference or an identifier of words only, an attachment, a schedule without limits. */
function isUnsearchable(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { reference, resourceType, id, repeat, event } = value as Record<string, unknown>;
  if (typeof reference === "string") return false;
  if (resourceType) return id === undefined;
  if (repeat) return !event && !(repeat as { boundsPeriod?: unknown }).boundsPeriod;
  const names = Object.keys(value);
  return names.every((name) => name === "display" || name === "use") || names.includes("title");
}

/** A time in a string element (CarePlan.activity.detail.scheduledString, Immunization.occurrenceString) is not read as a date. */
const inWords = /^(CarePlan-.* activity-date|Immunization-.* date)$/;

it("finds in HL7's examples what HL7's FHIRPath expressions find", () => {
  const folder = dirname(require.resolve("hl7.fhir.r4.examples/package.json"));
  const parameters = searchParameters().filter(
    ({ type, expression, base }) => type !== "composite" && expression && !base.some((name) => name.endsWith("Resource")),
  );
  const evaluators = new Map(parameters.map((parameter) => [parameter, evaluatorOf(parameter)]));
  let compared = 0;
  for (const name of readdirSync(folder).filter((file) =>
    /^(?!Bundle-[a-z]+s\.|SearchParameter|StructureDefinition|ValueSet|CodeSystem)[A-Z].*\.json$/.test(file),
  )) {
    const resource = JSON.parse(readFileSync(join(folder, name), "utf8")) as { resourceType: string };
    const own = parametersOf(resource.resourceType);
    const rows = indexOf(resource);
    const filled = new Set([...rows.keys, ...rows.ranges].map(([slot]) => slot));
    for (const [parameter, evaluate] of evaluators) {
      if (!own.size || !parameter.base.includes(resource.resourceType)) continue;
      const values = evaluate(resource).filter((value) => !isUnsearchable(value));
      const isFound = nonNull(own.get(parameter.code)).slots.some((slot) => filled.has(slot));
      if (isFound !== values.length > 0 && !inWords.test(`${name} ${parameter.code}`)) {
        throw new Error(`${name}: ${parameter.code} is ${isFound ? "" : "not "}indexed, FHIRPath finds ${JSON.stringify(values)}`);
      }
      compared += 1;
    }
  }
  expect(compared).toBeGreaterThan(10_000);
});
