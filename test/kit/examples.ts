/** HL7's own examples of R4 (npm `hl7.fhir.r4.examples`): the files that are resources. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { isResourceType } from "../../fhir/search/parameters.ts";

const FOLDER = dirname(createRequire(import.meta.filename).resolve("hl7.fhir.r4.examples/package.json"));

export interface Example {
  file: string;
  type: string;
  text: string;
}

/** @param most larger files are left out, bytes */
export function r4Examples(most = Number.POSITIVE_INFINITY): Example[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json") && !file.startsWith(".") && file !== "package.json")
    .sort()
    .flatMap((file) => {
      const text = readFileSync(join(FOLDER, file), "utf8");
      if (text.length > most) return [];
      const type = /"resourceType"\s*:\s*"([A-Za-z]+)"/.exec(text)?.[1] ?? "";
      return isResourceType(type) && file.startsWith(`${type}-`) ? [{ file, type, text }] : [];
    });
}
