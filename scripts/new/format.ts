/** Formats generated files as `npm run format` does. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** Formats files in place. @param files relative to the project */
export function format(root: string, files: string[]): void {
  const biome = join(root, "node_modules/.bin/biome");
  const { status, stderr } = spawnSync(biome, ["format", "--write", ...new Set(files)], { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`biome could not format the new files: ${stderr}`);
}
