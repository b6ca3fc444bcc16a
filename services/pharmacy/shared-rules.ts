import type { FhirResource, Quantity, Reference } from "../../fhir/r4.ts";
import { numberOf } from "../../fhir/json.ts";
import { refusal } from "../../mixins/fhir/rules/common.ts";
import type { Rule } from "../../mixins/fhir/rules/rule.ts";
import { isPossible } from "./pharmacy.model.ts";

// Shared by the rules of several types of the pharmacy.

/** The patient of prescriptions, dispenses and doses. */
export const subjectOf = ({ subject }: { subject?: Reference }) => subject;

/** Beginning of the text of a status rule. */
export const OVER = "After its end, the status changes only to entered-in-error";

/** A rule that bounded counters enforce in the write itself (`pharmacy.effects.ts`): an earlier check could be outdated. */
export const counted = <Of extends FhirResource>(id: string, says: string): Rule<Of> => ({
  id,
  group: "stock",
  says,
  check: () => undefined,
});

/** Refuses impossible quantities: 1e308 tablets, or a negative number, would make the stock anything. */
export function possibleQuantity<Of extends FhirResource>(
  id: string,
  element: string,
  of: (resource: Of) => Quantity | undefined,
): Rule<Of> {
  return {
    id,
    group: "values",
    holdsAlways: true,
    says: "A quantity is from 0 to 1e9.",
    check({ before, after }) {
      const units = numberOf((after && of(after))?.value);
      // A resource that was stored before this rule can still be marked as an error.
      if (units === undefined || isPossible(units) || units === numberOf((before && of(before))?.value)) return undefined;
      return refusal(id, "No such quantity can be handed out or arrive: correct it.", element, 422);
    },
  };
}
