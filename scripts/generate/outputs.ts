/** What is generated: file name under `fhir/generated/` → its maker. */
import { searchJson } from "./search.ts";
import { summaryJson } from "./summary.ts";

export const outputs: Record<string, () => { text: string; notes: string[] }> = {
  "search.json": searchJson,
  "summary.json": summaryJson,
};
