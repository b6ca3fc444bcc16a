import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseJson } from "../json.ts";
import { evaluate, readable } from "../fhirpath.ts";
import { faultyExamples } from "../../test/kit/faulty-examples.ts";
import { validate } from "./index.ts";
import { nonNull } from "../non-null.ts";

const folder = dirname(require.resolve("hl7.fhir.r4.examples/package.json"));
const read = (name: string) => parseJson(readFileSync(join(folder, name), "utf8")) as { resourceType: string };
const names = readdirSync(folder).filter((name) => name.endsWith(".json") && name !== "package.json");

describe("HL7's examples of R4", () => {
  it("are valid, except for those listed with their own fault", () => {
    const found = new Map<string, string[]>();
    for (const name of names) {
      const resource = read(name);
      const issues = validate(resource, { type: resource.resourceType });
      if (issues.length) found.set(name, [...new Set(issues.map(({ diagnostics }) => diagnostics))]);
    }
    const listed = new Map<string, string[]>();
    for (const { diagnostics, files } of faultyExamples) {
      for (const name of files) listed.set(name, [...(listed.get(name) ?? []), diagnostics]);
    }
    const sorted = (faults: Map<string, string[]>) => [...faults].map(([name, texts]) => [name, texts.sort()]).sort();
    expect(sorted(found)).toEqual(sorted(listed));
    expect(names.length).toBeGreaterThan(5_000);
  });

  it("get the place of a fault as FHIRPath", () => {
    let followed = 0;
    for (const name of names.filter((it) => /^(Patient-example|Observation-b|Claim-100150)/.test(it))) {
      const resource = read(name);
      spoil(resource);
      for (const { code, expression } of validate(resource, { type: resource.resourceType })) {
        if (code !== "structure" || nonNull(nonNull(expression)[0]).endsWith(".spoilt")) continue;
        expect(evaluate(nonNull(nonNull(expression)[0]), "", readable(resource), {})).not.toEqual([]);
        followed += 1;
      }
    }
    expect(followed).toBeGreaterThan(100);
  });
});

/** Makes each text a number, which almost no element may be. */
function spoil(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  for (const [name, member] of Object.entries(value)) {
    if (typeof member === "string" && !["resourceType", "url", "div"].includes(name)) (value as Record<string, unknown>)[name] = true;
    else spoil(member);
  }
}
