/** Changes of final resources need a reason: over FHIR if RULES says so (`reasons:on`), by actions always. */
import type { Extension, FhirResource, Provenance } from "../../../fhir/r4.ts";
import { localReference } from "../../../federation/facts.ts";
import { idOf, refusal } from "./common.ts";
import { isOtherContent, patientsOfBoth } from "./final.ts";
import type { Facts, Rule } from "./rule.ts";

/** URL of a string extension: the reason of a change, for resources without an R4 element for it. */
export const REASON = "urn:openward:reason";

/** A reason as an extension. */
export const because = (reason: string): Extension => ({ url: REASON, valueString: reason });

const elementOf = (resource: object, name: string): unknown => (resource as Record<string, unknown>)[name];

/** Whether an element or an extension gives a reason that was not there before. */
function saysWhy(before: { extension?: Extension[] }, after: { extension?: Extension[] }, elements: readonly string[]): boolean {
  const reasons = ({ extension = [] }: { extension?: Extension[] }) => extension.filter(({ url }) => url === REASON);
  const isNew = (was: unknown, is: unknown) => is !== undefined && JSON.stringify(is) !== JSON.stringify(was);
  if (reasons(after).length > 0 && isNew(reasons(before), reasons(after))) return true;
  return elements.some((name) => isNew(elementOf(before, name), elementOf(after, name)));
}

/** A Provenance of the same transaction gives the reason. */
const isToldBeside = (reference: string, facts: Facts): boolean =>
  facts.written("Provenance").some((it) => {
    const { target, reason = [] } = it as unknown as Provenance;
    return reason.length > 0 && target.some((one) => localReference(one.reference) === reference);
  });

/**
 * @param isFinal whether changes of the resource need a reason
 * @param by statuses that mean that it was amended
 * @param elements where R4 has a place for the reason
 */
export function amendmentReason<Of extends FhirResource & { status?: string; extension?: Extension[] }>(
  type: Of["resourceType"],
  { isFinal, by, elements }: { isFinal(before: Of): boolean; by: readonly string[]; elements: readonly string[] },
): Rule<Of> {
  const id = `${idOf(type)}-reason`;
  const besides = ["extension", ...elements];
  const places = [...elements, `the extension ${REASON}`, "a Provenance with a reason in the same transaction"];
  return {
    id,
    group: "reasons",
    isOptional: true,
    says: `A change of final content gives its reason: ${places.join(", ")}.`,
    facts: ({ before, after }) => (before && after && isFinal(before) ? patientsOfBoth(before, after) : []),
    check({ before, after, reference }, facts) {
      if (!before || !after || !isFinal(before)) return undefined;
      const isAmended =
        before.status === after.status ? isOtherContent({ before, after }, besides, facts) : by.includes(after.status ?? "");
      if (!isAmended || saysWhy(before, after, elements) || isToldBeside(reference, facts)) return undefined;
      return refusal(id, `The content is final: give the reason of the change: ${places.join(", or ")}.`, type, 422);
    },
  };
}
