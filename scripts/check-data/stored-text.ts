/** Resources as their stores have them: what cannot be read is told by its name, and the rest is looked at. */
import { parseJson } from "../../fhir/json.ts";
import type { Resource } from "../../fhir/resource.ts";

/** What a stored text is; or why it is not what it stands for, as the end of a sentence. */
export type StoredText = { resource: Resource } | { fault: string };

/** @param at where the store has it */
export function readStored(json: string | undefined, { type, id }: { type: string; id: string }): StoredText {
  let resource: Resource;
  try {
    resource = parseJson(json ?? "") as Resource;
  } catch {
    return { fault: "cannot be read: its text is no JSON" };
  }
  const { resourceType, id: own } = resource;
  if (resourceType === type && own === id) return { resource };
  return { fault: `says that it is ${resourceType ?? "of no type"}/${typeof own === "string" ? own : "without id"}` };
}
