/**
 * How fast are resources validated, on one core? `npm run bench -- validate`. Each resource of the sixty records is validated by itself, as an owner does.
 * Prints resources/s of the first round, in which the types are compiled, and of the best of five further ones; parsing is not counted.
 */
import { parseJson } from "../fhir/json.ts";
import { validate } from "../fhir/validate/index.ts";
import { syntheaTexts } from "../test/kit/synthea.ts";

type Resource = { resourceType: string };
const resources = syntheaTexts()
  .flatMap((text) => (parseJson(text) as { entry: { resource: Resource }[] }).entry)
  .map(({ resource }) => resource);

function round(): { rate: number; faults: number } {
  const start = performance.now();
  let faults = 0;
  for (const resource of resources) faults += validate(resource, { type: resource.resourceType }).length;
  return { rate: resources.length / ((performance.now() - start) / 1_000), faults };
}

const first = round();
const best = Math.max(...Array.from({ length: 5 }, () => round().rate));
console.log(`${resources.length} resources, ${first.faults} faults`);
console.log(`first round: ${Math.round(first.rate)} resources/s`);
console.log(`best of five: ${Math.round(best)} resources/s`);
