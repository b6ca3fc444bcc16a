import type { AllergyIntolerance, CodeableConcept, Medication, MedicationRequest } from "../../fhir/r4.ts";
import { isCurrent, isSevere } from "../../fhir/clinical-status.ts";
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
  JSON.stringify([placeOf(it.subject), it.medicationCodeableConcept?.coding, it.medicationReference?.reference, containedIn(it)]);

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

/** All contained Medications: that which is referred to, and ingredients. */
const containedIn = ({ contained = [] }: MedicationRequest): Medication[] =>
  contained.filter((it): it is Medication => it.resourceType === "Medication");

/** The references to the medication, and to its ingredients as far as it is known. */
function medicationsOf(it: MedicationRequest, facts: Facts): string[] {
  const ordered = it.medicationReference?.reference;
  const known = [typed<Medication>(facts.of(ordered)?.resource), ...containedIn(it)];
  const parts = known.flatMap((it) => it?.ingredient?.flatMap(({ itemReference }) => itemReference?.reference ?? []) ?? []);
  return [...(ordered === undefined ? [] : [ordered]), ...parts];
}

function codesPrescribed(it: MedicationRequest, facts: Facts): Set<string> {
  const stored = medicationsOf(it, facts).flatMap((one) => codesIn(typed<Medication>(facts.of(one)?.resource)));
  return new Set([...codesOf(it.medicationCodeableConcept), ...containedIn(it).flatMap(codesIn), ...stored]);
}

/** The codes of what the patient must not have. */
const codesAgainst = ({ code, reaction = [] }: AllergyIntolerance): string[] => [
  ...codesOf(code),
  ...reaction.flatMap(({ substance }) => codesOf(substance)),
];

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

/** Reads the allergies from their owner; without a service that owns them, none are known. */
export const allergy: Rule<MedicationRequest> = {
  id: "medication-request-allergy",
  group: "values",
  says: "A medication is not ordered if a severe allergy to it, or to one of its ingredients (by code), is recorded, unless the order's detectedIssue gives the reason.",
  facts: (change, facts) => (change.after && isNew(change) ? medicationsOf(change.after, facts) : []),
  questions: allergiesOf,
  check(change, facts) {
    const { after } = change;
    if (!after || !isNew(change)) return undefined;
    const codes = codesPrescribed(after, facts);
    const found = allergiesOf(change).flatMap((question) => facts.found(question).map((it) => typed<AllergyIntolerance>(it)));
    const against = found.find((it) => isCurrent(it) && isSevere(it) && codesAgainst(it).some((code) => codes.has(code)));
    const at = after.medicationReference ? "medicationReference" : "medicationCodeableConcept";
    return against && refusalBy(allergyRecorded(`AllergyIntolerance/${against.id}`), `MedicationRequest.${at}`);
  },
};
