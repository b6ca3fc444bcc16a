/** Programs of the machine that some tests need and that the project does not fetch. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Tests by the programs that they run. Where one is missing the test is not listed, but in CI, which has to have them all. */
export const NEEDED: Record<string, string[]> = { "test/clients/hapi.test.ts": ["java", "mvn"], "test/chaos/porcupine.test.ts": ["go"] };

/** What keeps a test from being listed on this machine: programs that are not on the PATH. */
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
