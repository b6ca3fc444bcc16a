/** Who may get a new act: a patient who lives, is active, and was not replaced by another record. */
import type { FhirResource, Reference } from "../../../fhir/r4.ts";
import type { Fact } from "../../../federation/facts.ts";
import { idOf, placeOf, refusal } from "./common.ts";
import type { Change, Rule } from "./rule.ts";

/** Why nothing new is begun for a patient; undefined: it may be, or nobody here knows the patient. */
export function reasonAgainst(fact: Fact | undefined): string | undefined {
  const patient = fact?.resource as { active?: boolean; deceasedBoolean?: boolean; deceasedDateTime?: string; link?: Link[] } | undefined;
  if (!patient) return undefined;
  const other = patient.link?.find(({ type }) => type === "replaced-by")?.other;
  if (other) return `The patient's record was replaced: use ${placeOf(other) ?? "the one that it names"}.`;
  if (patient.deceasedBoolean || patient.deceasedDateTime !== undefined)
    return "The patient has died: only what is over can be recorded, with its dates and a status that says so.";
  if (patient.active === false) return "The patient's record is not active: set Patient.active first, or use the active record.";
  return undefined;
}

interface Link {
  type?: string;
  other?: Reference;
}

/**
 * @param element where the type has its patient, and how
 * @param isOpen whether the act goes on
 */
export function patientCanHave<Of extends FhirResource>(
  type: Of["resourceType"],
  { element, of, isOpen }: { element: string; of(resource: Of): Reference | undefined; isOpen(resource: Of): boolean },
): Rule<Of> {
  const id = `${idOf(type)}-patient`;
  const isBegun = ({ before, after }: Change<Of>): boolean => after !== undefined && isOpen(after) && !(before && isOpen(before));
  return {
    id,
    group: "subject",
    says: `No new open ${type} for a patient who has died, was replaced, or is not active; what is over can be recorded.`,
    facts: (change) => (isBegun(change) ? [of(change.after as Of)?.reference] : []),
    check(change, facts) {
      if (!isBegun(change)) return undefined;
      const reason = reasonAgainst(facts.of(of(change.after as Of)?.reference));
      return reason === undefined ? undefined : refusal(id, reason, `${type}.${element}`);
    },
  };
}
