import type { AllergyIntolerance, CodeableConcept, Medication, MedicationRequest } from "../../fhir/r4.ts";
import type { Resource } from "../../fhir/resource.ts";
import { referenceClause } from "../../fhir/search/exact-clauses.ts";
import { localReference } from "../../federation/facts.ts";
import { placeOf } from "../../mixins/fhir/rules/common.ts";
import { type Change, type Facts, type Question, refusalBy, type Rule } from "../../mixins/fhir/rules/rule.ts";
import { allergyRecorded } from "./pharmacy.errors.ts";
import { isOrder } from "./pharmacy.model.ts";
import { typed } from "../../fhir/typed.ts";

const isInForce = (it: MedicationRequest): boolean => it.status === "active" && isOrder(it);

const isOverridden = ({ detectedIssue }: MedicationRequest): boolean => (detectedIssue?.length ?? 0) > 0;

/** The parts of an order on which the check depends: the patient, and the medication. */
const essence = (it: MedicationRequest): string =>
  JSON.stringify([placeOf(it.subject), it.medicationCodeableConcept?.coding, it.medicationReference?.reference, containedCodes(it)]);

/** Whether an order comes into force, is for another medication or patient, or is no longer overridden. */
function isNew({ before, after }: Change<MedicationRequest>): boolean {
  if (!after || !isInForce(after) || isOverridden(after)) return false;
  return !before || !isInForce(before) || isOverridden(before) || essence(before) !== essence(after);
}

/** `system|code` */
const codesOf = (concept: CodeableConcept | undefined): string[] => concept?.coding?.map(({ system, code }) => `${system}|${code}`) ?? [];

/** The codes of a Medication, and of its ingredients. */
const codesIn = (medication: Medication | undefined): string[] => [
  ...codesOf(medication?.code),
  ...(medication?.ingredient?.flatMap(({ itemCodeableConcept }) => codesOf(itemCodeableConcept)) ?? []),
];

/** The codes of a contained Medication that is referred to. */
function containedCodes({ medicationReference, contained }: MedicationRequest): string[] {
  const id = medicationReference?.reference?.startsWith("#") ? medicationReference.reference.slice(1) : undefined;
  const found = contained?.find((it) => it.resourceType === "Medication" && it.id === id);
  return codesIn(found as Medication | undefined);
}

function codesPrescribed(it: MedicationRequest, facts: Facts): Set<string> {
  const stored = typed<Medication>(facts.of(it.medicationReference?.reference)?.resource);
  return new Set([...codesOf(it.medicationCodeableConcept), ...containedCodes(it), ...codesIn(stored)]);
}

/** The question for the allergies of the patient of a new order. */
function allergiesOf(change: Change<MedicationRequest>): Question[] {
  const patient = isNew(change) ? localReference(change.after?.subject.reference) : undefined;
  if (patient === undefined) return [];
  const clauses = [referenceClause("AllergyIntolerance", "patient", [patient])];
  const isAnswer = (made: Resource) => placeOf(typed<AllergyIntolerance>(made).patient) === patient;
  return [{ type: "AllergyIntolerance", clauses, limit: MAX_ALLERGIES, isAnswer }];
}

/** Allergies of one patient that are checked. */
const MAX_ALLERGIES = 200;

const isSevere = ({ criticality, clinicalStatus, verificationStatus, reaction }: AllergyIntolerance): boolean => {
  const codeOf = (concept: CodeableConcept | undefined) => concept?.coding?.[0]?.code ?? "";
  const isActive = ["active", ""].includes(codeOf(clinicalStatus)) && !["refuted", "entered-in-error"].includes(codeOf(verificationStatus));
  return isActive && (criticality === "high" || (reaction?.some(({ severity }) => severity === "severe") ?? false));
};

/** Reads the allergies from their owner; without a service that owns them, none are known. */
export const allergy: Rule<MedicationRequest> = {
  id: "medication-request-allergy",
  group: "values",
  says: "A medication is not ordered if a severe allergy to it, or to one of its ingredients (by code), is recorded, unless the order's detectedIssue gives the reason.",
  facts: (change) => (isNew(change) ? [change.after?.medicationReference?.reference] : []),
  questions: allergiesOf,
  check(change, facts) {
    const { after } = change;
    if (!after || !isNew(change)) return undefined;
    const codes = codesPrescribed(after, facts);
    const found = allergiesOf(change).flatMap((question) => facts.found(question).map((it) => typed<AllergyIntolerance>(it)));
    const against = found.find((it) => isSevere(it) && codesOf(it.code).some((code) => codes.has(code)));
    const at = after.medicationReference ? "medicationReference" : "medicationCodeableConcept";
    return against && refusalBy(allergyRecorded(`AllergyIntolerance/${against.id}`), `MedicationRequest.${at}`);
  },
};
