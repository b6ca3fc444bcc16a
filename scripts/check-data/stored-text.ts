/** Resources as their stores have them: what cannot be read is told by its name, and the rest is looked at. */
import { parseJson } from "../../fhir/json.ts";
import type { Resource } from "../../fhir/resource.ts";
import { validate } from "../../fhir/validate/index.ts";

/** What a stored text is; or why it is not what it stands for, as the end of a sentence. */
export type StoredText = { resource: Resource } | { fault: string };

/** @param at where the store has it */
export function readStored(json: string | undefined, { type, id }: { type: string; id: string }): StoredText {
  let resource: Resource | null;
  try {
    resource = parseJson(json ?? "") as Resource | null;
  } catch {
    return { fault: "cannot be read: its text is no JSON" };
  }
  const { resourceType, id: own } = resource ?? {};
  if (!resource || resourceType !== type || own !== id) {
    return { fault: `says that it is ${resourceType ?? "of no type"}/${typeof own === "string" ? own : "without id"}` };
  }
  // Rules take for granted what every write is held against.
  const misshapen = validate(resource, { type }).find(({ code }) => code === "structure");
  return misshapen ? { fault: `cannot be read: ${misshapen.expression?.[0] ?? type} is not as R4 has it` } : { resource };
}
