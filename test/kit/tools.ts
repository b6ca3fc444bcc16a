/** Programs of the machine that some tests need and the project does not download. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Tests by the programs that they run. If one is missing the test is not listed, except in CI, which must have all. */
export const NEEDED: Record<string, string[]> = { "test/clients/hapi.test.ts": ["java", "mvn"], "test/chaos/porcupine.test.ts": ["go"] };

/** Programs that a test needs and that are missing on the PATH: the test is then not listed on this machine. */
export function missingFor(test: string): string[] {
  if (process.env["CI"]) return [];
  return (NEEDED[test] ?? []).filter((program) => !isOnPath(program));
}

function isOnPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
