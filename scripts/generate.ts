/**
 * `npm run generate`: trims HL7's definitions of R4 to what the platform needs at run time, under `fhir/generated/`.
 * The same input gives the same bytes; `fhir/generated/generated.test.ts` holds the committed files to it.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { outputs } from "./generate/outputs.ts";

for (const [name, make] of Object.entries(outputs)) {
  const { text, notes } = make();
  writeFileSync(join(import.meta.dirname, "../fhir/generated", name), text);
  console.log(`fhir/generated/${name}: ${text.length} characters`);
  for (const note of notes) console.log(`  ${note}`);
}
