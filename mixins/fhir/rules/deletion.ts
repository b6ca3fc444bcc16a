/** A resource that others depend on cannot be deleted. */
import type { FhirResource } from "../../../fhir/r4.ts";
import { idOf, refusal, ruleType, withArticle } from "./common.ts";
import type { Rule } from "./rule.ts";

/** Dependents named in the message; `data.by` has more. */
const MAX_TOLD = 3;

/** @param instead what to do instead of deleting */
export function notDeletedUnder<Of extends FhirResource>(type: Of["resourceType"], instead: string): Rule<Of> {
  const id = `${idOf(type)}-rested-on`;
  return {
    id,
    group: "deletion",
    says: `${withArticle(type)} is not deleted while other resources depend on it.`,
    isolates: ({ op }) => op === "delete",
    check({ op, reference }, facts) {
      const by = op === "delete" ? facts.restingOn(reference) : [];
      if (by.length === 0) return undefined;
      const named = `${by.slice(0, MAX_TOLD).join(", ")}${by.length > MAX_TOLD ? " and others" : ""}`;
      return {
        code: 409,
        type: ruleType(id),
        message: `${named} ${by.length === 1 ? "depends" : "depend"} on ${reference}: ${instead}`,
        at: type,
        data: { by },
      };
    },
  };
}

/**
 * A final resource cannot be deleted; it is corrected by a new version.
 * @param how.what the resource, as the subject of a sentence
 * @param how.message what to do instead of deleting
 */
export function finalNotDeleted<Of extends FhirResource & { status?: string }>(
  type: Of["resourceType"],
  { what, isFinal, message }: { what: string; isFinal(before: Of): boolean; message: string },
): Rule<Of> {
  const id = `${idOf(type)}-deleted`;
  return {
    id,
    group: "deletion",
    says: `${what} is not deleted.`,
    check: ({ op, before }) => (op === "delete" && before && isFinal(before) ? refusal(id, message, `${type}.status`) : undefined),
  };
}
