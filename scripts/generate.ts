/**
 * `npm run generate`: trims HL7's definitions of R4 to what the platform needs at run time, under `fhir/generated/`, and lists the
 * hospital's rules; `npm run generate -- rules` does that alone. The same input gives the same bytes; `fhir/generated/generated.test.ts` and `test/rules/list.test.ts` hold the
 * committed files to it.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { rulesFiles } from "./generate/rules.ts";

const [part, ...more] = process.argv.slice(2);
if (more.length > 0 || (part !== undefined && part !== "rules")) {
  console.error("usage: npm run generate [-- rules]");
  process.exit(1);
}
const { outputs } = part === "rules" ? { outputs: {} } : await import("./generate/outputs.ts");
for (const [name, make] of Object.entries(outputs)) {
  const { text, notes } = make();
  writeFileSync(join(import.meta.dirname, "../fhir/generated", name), text);
  console.log(`fhir/generated/${name}: ${text.length} characters`);
  for (const note of notes) console.log(`  ${note}`);
}

for (const [path, text] of Object.entries(await rulesFiles())) {
  writeFileSync(join(import.meta.dirname, "..", path), text);
  console.log(`${path}: ${text.length} characters`);
}
