import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseJson } from "../json.ts";
import { validate } from "./index.ts";

const folder = join(import.meta.dirname, "../../../shared/data/synthea");

it("accepts each of the 13,991 resources of sixty synthetic patients", () => {
  if (!existsSync(folder))
    throw new Error(`This test needs Synthea's bundles in ${folder} (smart-on-fhir/generated-sample-data, R4/SYNTHEA).`);
  let count = 0;
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".json"))) {
    const bundle = parseJson(readFileSync(join(folder, name), "utf8")) as { entry: { resource: { resourceType: string } }[] };
    expect(validate(bundle, { type: "Bundle" })).toEqual([]);
    for (const { resource } of bundle.entry) {
      expect(validate(resource, { type: resource.resourceType })).toEqual([]);
      count++;
    }
  }
  expect(count).toBe(13_991);
});
