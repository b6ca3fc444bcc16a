/** The 60 Synthea bundles beside the project (../shared/data/synthea, Apache-2.0): 13,991 resources of 16 types. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "../../../shared/data/synthea");

export interface SyntheaBundle {
  name: string;
  text: string;
  resources: Record<string, unknown>[];
  /** fullUrl of each resource. */
  fullUrls: string[];
}

/** @throws when the data are not there: they are no part of the project */
export function syntheaBundles(): SyntheaBundle[] {
  if (!existsSync(FOLDER)) throw new Error(`The test data are missing: put the folder shared/data/synthea beside the project (${FOLDER}).`);
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => {
      const text = readFileSync(join(FOLDER, name), "utf8");
      const { entry } = JSON.parse(text) as { entry: { fullUrl: string; resource: Record<string, unknown> }[] };
      return { name, text, resources: entry.map((it) => it.resource), fullUrls: entry.map((it) => it.fullUrl) };
    });
}
