/** The 60 Synthea bundles of test/data/synthea: 13,991 resources of 16 types. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

const FILE = join(import.meta.dirname, "../data/synthea/bundles.ndjson.br");

export interface SyntheaBundle {
  /** Id of its one Patient, which no other bundle has. */
  name: string;
  text: string;
  resources: Record<string, unknown>[];
  /** fullUrl of each resource. */
  fullUrls: string[];
}

/** The JSON text of each bundle, always in the same order: 21.5 MB in all. */
export function syntheaTexts(): string[] {
  return brotliDecompressSync(readFileSync(FILE)).toString().trimEnd().split("\n");
}

/** The bundles, parsed, in the same order. */
export function syntheaBundles(): SyntheaBundle[] {
  return syntheaTexts().map((text) => {
    const { entry } = JSON.parse(text) as { entry: { fullUrl: string; resource: Record<string, unknown> }[] };
    const patient = entry.find(({ resource }) => resource["resourceType"] === "Patient")?.resource;
    return {
      name: `${patient?.["id"]}`,
      text,
      resources: entry.map(({ resource }) => resource),
      fullUrls: entry.map(({ fullUrl }) => fullUrl),
    };
  });
}
