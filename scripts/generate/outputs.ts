/** What is generated: file name under `fhir/generated/` → its maker. */
import { searchJson } from "./search-parameters.ts";
import { structuresJson } from "./structures.ts";
import { summaryJson } from "./summary.ts";

/** Each generated file by its name: how its text is made, and notes for people. */
export const outputs: Record<string, () => { text: string; notes: string[] }> = {
  "search.json": searchJson,
  "structures.json": structuresJson,
  "summary.json": summaryJson,
};
