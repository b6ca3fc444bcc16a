import type { FhirResource, Quantity, Reference } from "../../fhir/r4.ts";
import { numberOf } from "../../fhir/json.ts";
import { refusal } from "../../mixins/fhir/rules/common.ts";
import type { Rule } from "../../mixins/fhir/rules/rule.ts";
import { isPossible } from "./pharmacy.model.ts";

// What rules of several types of the pharmacy have in common.

/** Where prescriptions, dispenses and doses have their patient. */
export const subjectOf = ({ subject }: { subject?: Reference }) => subject;

/** How a rule of status begins. */
export const OVER = "What is over changes to entered-in-error only";

/** What is held by counters with a bound, in the write itself (`pharmacy.effects.ts`): no look before could be right. */
export const counted = <Of extends FhirResource>(id: string, says: string): Rule<Of> => ({
  id,
  group: "stock",
  says,
  check: () => undefined,
});

/** A quantity that can be counted: 1e308 tablets, or fewer than none, would make any number of them. */
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
      // What was stored before there was this rule can be marked as an error.
      if (units === undefined || isPossible(units) || units === numberOf((before && of(before))?.value)) return undefined;
      return refusal(id, "No such quantity can be handed out or arrive: correct it.", element, 422);
    },
  };
}
