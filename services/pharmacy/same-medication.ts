/** The dispensed medication is the prescribed one, or is marked as its substitute. */
import type { CodeableConcept, MedicationDispense, MedicationRequest } from "../../fhir/r4.ts";
import { refusal } from "../../mixins/fhir/rules/common.ts";
import type { Rule } from "../../mixins/fhir/rules/rule.ts";
import { codesOf } from "./pharmacy.model.ts";

/** Whether two medications differ: they have codes of the same system, and none of them in common. */
function areTwo(one: CodeableConcept | undefined, other: CodeableConcept | undefined): boolean {
  const [codes, others] = [codesOf(one), codesOf(other)];
  const shared = codes.filter(({ system }) => others.some((it) => it.system === system));
  return shared.length > 0 && !shared.some(({ system, code }) => others.some((it) => it.system === system && it.code === code));
}

/** The prescriptions of a dispense whose medication has to be checked after a change. */
function asked({ before, after }: { before?: MedicationDispense; after?: MedicationDispense }): string[] {
  if (!after?.medicationCodeableConcept || after.status === "entered-in-error" || after.substitution?.wasSubstituted) return [];
  const named = (it: MedicationDispense | undefined) => JSON.stringify([it?.medicationCodeableConcept, it?.authorizingPrescription]);
  return named(before) === named(after) ? [] : (after.authorizingPrescription?.flatMap(({ reference }) => reference ?? []) ?? []);
}

/** Compares a dispense with its prescriptions. */
export const sameMedication: Rule<MedicationDispense> = {
  id: "medication-dispense-medication",
  group: "values",
  says: "The dispensed medication is that of the prescription if both have codes of one system, unless the dispense says that it was substituted.",
  facts: asked,
  check(change, facts) {
    const isOther = asked(change).some((it) => {
      const request = facts.of(it)?.resource as MedicationRequest | undefined;
      return areTwo(change.after?.medicationCodeableConcept, request?.medicationCodeableConcept);
    });
    if (!isOther) return undefined;
    const message = "Another medication is prescribed: dispense that, or say in MedicationDispense.substitution that this stands for it.";
    return refusal("medication-dispense-medication", message, "MedicationDispense.medication");
  },
};
