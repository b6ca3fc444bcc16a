/** Reads the text of stored resources: unreadable ones are reported, all others can be checked. */
import { parseJson } from "../../fhir/json.ts";
import type { Resource } from "../../fhir/resource.ts";
import { validate } from "../../fhir/validate/index.ts";

/** The parsed resource, or the reason why it cannot be read, as the end of a sentence. */
export type StoredText = { resource: Resource } | { fault: string };

/** @param at type and id under which the store has it */
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
  // Rules assume the structure that every write is validated for.
  const misshapen = validate(resource, { type }).find(({ code }) => code === "structure");
  return misshapen ? { fault: `cannot be read: ${misshapen.expression?.[0] ?? type} is not as R4 has it` } : { resource };
}
