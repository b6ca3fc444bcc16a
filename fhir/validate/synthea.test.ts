import { syntheaTexts } from "../../test/kit/synthea.ts";
import { parseJson } from "../json.ts";
import { validate } from "./index.ts";

it("accepts each of the 13,991 resources of sixty synthetic patients", () => {
  let count = 0;
  for (const text of syntheaTexts()) {
    const bundle = parseJson(text) as { entry: { resource: { resourceType: string } }[] };
    expect(validate(bundle, { type: "Bundle" })).toEqual([]);
    for (const { resource } of bundle.entry) {
      expect(validate(resource, { type: resource.resourceType })).toEqual([]);
      count += 1;
    }
  }
  expect(count).toBe(13_991);
});
