import type { AllergyIntolerance, CodeableConcept, MedicationRequest } from "../../fhir/r4.ts";
import { referenceClause } from "../../fhir/search/exact-clauses.ts";
import { localReference } from "../../federation/facts.ts";
import { type Change, type Question, refusalBy, type Rule } from "../../mixins/fhir/rules/rule.ts";
import { allergyRecorded } from "./pharmacy.errors.ts";
import { isOrder } from "./pharmacy.model.ts";

/** The allergies of the patient to whom something is prescribed now. */
function allergiesOf({ before, after }: Change<MedicationRequest>): Question[] {
  const isNew = after?.status === "active" && isOrder(after) && before?.status !== "active";
  const patient = isNew && after.medicationCodeableConcept?.coding ? localReference(after.subject.reference) : undefined;
  if (patient === undefined) return [];
  return [{ type: "AllergyIntolerance", clauses: [referenceClause("AllergyIntolerance", "patient", [patient])], limit: MAX_ALLERGIES }];
}

/** Allergies of one patient that are looked at. */
const MAX_ALLERGIES = 200;

const isSevere = ({ criticality, clinicalStatus, verificationStatus, reaction }: AllergyIntolerance): boolean => {
  const codeOf = (concept: CodeableConcept | undefined) => concept?.coding?.[0]?.code ?? "";
  const isInForce =
    ["active", ""].includes(codeOf(clinicalStatus)) && !["refuted", "entered-in-error"].includes(codeOf(verificationStatus));
  return isInForce && (criticality === "high" || (reaction?.some(({ severity }) => severity === "severe") ?? false));
};

/** Asks whoever keeps allergies; a hospital without the patients' records knows of none. */
export const allergy: Rule<MedicationRequest> = {
  id: "medication-request-allergy",
  group: "values",
  says: "No order of a medication to which, by the same code, a severe allergy is recorded, unless its detectedIssue says why.",
  questions: allergiesOf,
  check(change, facts) {
    const { after } = change;
    if (!after || (after.detectedIssue?.length ?? 0) > 0) return undefined;
    const codes = new Set(after.medicationCodeableConcept?.coding?.map(({ system, code }) => `${system}|${code}`));
    const found = allergiesOf(change).flatMap((question) => facts.found(question) as unknown as AllergyIntolerance[]);
    const against = found.find((it) => isSevere(it) && it.code?.coding?.some(({ system, code }) => codes.has(`${system}|${code}`)));
    return against && refusalBy(allergyRecorded(`AllergyIntolerance/${against.id}`), "MedicationRequest.medicationCodeableConcept");
  },
};
