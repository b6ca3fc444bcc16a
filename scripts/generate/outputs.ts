/** The generated files: name under `fhir/generated/` → function that makes it. */
import { searchJson } from "./search-parameters.ts";
import { structuresJson } from "./structures.ts";
import { summaryJson } from "./summary.ts";

/** Each generated file by its name: its text, and notes for people. */
export const outputs: Record<string, () => { text: string; notes: string[] }> = {
  "search.json": searchJson,
  "structures.json": structuresJson,
  "summary.json": summaryJson,
};
