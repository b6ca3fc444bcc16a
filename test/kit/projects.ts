/** Which of Jest's two projects a test belongs to, decided by what it uses. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { filesUnder } from "./map.ts";
import { missingFor } from "./tools.ts";

const ROOT = join(import.meta.dirname, "../..");

/** What makes a test part of `mesh`: servers, processes of the project, or whole data sets. */
export const HEAVY: Record<string, string> = {
  "scripts/servers.mjs": "starts servers",
  "test/kit/programs.ts": "runs the project's programs",
  "test/kit/synthea.ts": "goes through sixty records",
  "test/kit/examples.ts": "goes through all of HL7's examples",
  "test/kit/faulty-examples.ts": "goes through all of HL7's examples",
  "test/kit/growth.ts": "measures what the largest of inputs costs",
  "fhir/expressions/evaluator.test.ts": "waits until expressions have taken too long",
  "fhir/validate/rules/rules.test.ts": "goes through all of HL7's examples",
  "fhir/search/fhirpath.test.ts": "goes through all of HL7's examples",
  "services/patients/merging/merging.test.ts": "stores a resource of each of R4's types",
  "fhir/validate/narrative.test.ts": "reads several million characters",
  "scripts/cluster/replica.test.ts": "starts processes",
  "scripts/cluster/stopped.test.ts": "starts processes",
  "test/chaos/porcupine.test.ts": "builds a program of Go",
  "scripts/new.test.ts": "runs the compiler and Jest in a copy of the project",
};

/** Files of the project that a file names by a relative path: imported, or started. */
function reachedFrom(file: string): string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(/"(\.\.?\/[^"]+\.(?:ts|mjs))"/g)]
    .map(([, path = ""]) => normalize(join(dirname(file), path)))
    .filter((path) => existsSync(join(ROOT, path)));
}

/**
 * The tests by project, as paths from the project's root: `mesh` has those that use something of HEAVY, directly or indirectly; `unit` all others. A test
 * whose programs are missing on this machine is in neither.
 */
export function testsByProject(): { unit: string[]; mesh: string[] } {
  const next = new Map<string, string[]>();
  const isHeavy = (file: string, seen: Set<string>): boolean => {
    if (file in HEAVY) return true;
    if (seen.has(file)) return false;
    seen.add(file);
    const files = next.get(file) ?? reachedFrom(file);
    next.set(file, files);
    return files.some((it) => isHeavy(it, seen));
  };
  const tests = { unit: [] as string[], mesh: [] as string[] };
  const listed = filesUnder(".", /\.test\.ts$/).filter((file) => missingFor(file).length === 0);
  for (const file of listed) tests[isHeavy(file, new Set()) ? "mesh" : "unit"].push(file);
  return tests;
}
