/** Which recorded allergies and problems count at present, and which allergies are severe: the same on the board, the chart and at prescribing. */
import type { AllergyIntolerance, CodeableConcept, Condition } from "./r4.ts";

/** Whether a concept has one of these codes; local codes may stand before HL7's. */
const has = (concept: CodeableConcept | undefined, ...codes: string[]): boolean =>
  concept?.coding?.some(({ code = "" }) => codes.includes(code)) ?? false;

/** HL7's codes of clinical states. */
const STATES = ["active", "recurrence", "relapse", "inactive", "remission", "resolved"];

type Recorded = Pick<AllergyIntolerance | Condition, "clinicalStatus" | "verificationStatus">;

/** The clinical status by HL7's code; active if not given. */
export const clinicalStatusOf = ({ clinicalStatus }: Recorded): string =>
  clinicalStatus?.coding?.flatMap(({ code }) => (code !== undefined && STATES.includes(code) ? [code] : []))[0] ?? "active";

/** Whether a resource was entered in error. */
export const isMistake = ({ status, verificationStatus }: { status?: string; verificationStatus?: CodeableConcept }): boolean =>
  status === "entered-in-error" || has(verificationStatus, "entered-in-error");

/** Whether it was found not to be so. */
export const isRefuted = ({ verificationStatus }: Recorded): boolean => has(verificationStatus, "refuted");

/** Whether it counts at present: it is not over, refuted or entered in error. One without a status counts. */
export const isCurrent = (one: Recorded): boolean =>
  !has(one.clinicalStatus, "inactive", "remission", "resolved") && !has(one.verificationStatus, "refuted", "entered-in-error");

/** Whether an allergy may be fatal, or has had a severe reaction. */
export const isSevere = ({ criticality, reaction = [] }: AllergyIntolerance): boolean =>
  criticality === "high" || reaction.some(({ severity }) => severity === "severe");

/** Codes of SNOMED CT and of the International Patient Summary: the patient has no known allergy. */
const NONE_KNOWN = ["716186003", "160244002", "no-known-allergies"];

/** Codes of both for less: none of one kind (drugs, food, environment, insects, latex, bees and wasps), or nobody knows. */
const NONE_OF_A_KIND = [
  ...["409137002", "no-known-medication-allergies"],
  ...["429625007", "no-known-food-allergies"],
  ...["428607008", "no-known-environmental-allergies"],
  ...["428197003", "716184000", "1003774007"],
  "no-allergy-info",
];

/** Whether it says that the patient has no known allergy at all: somebody has asked. */
export const saysNoneKnown = ({ code }: Pick<AllergyIntolerance, "code">): boolean => has(code, ...NONE_KNOWN);

/** Whether it is no allergy, but says that there is none, or none of a kind. */
const isAbsence = ({ code }: AllergyIntolerance): boolean => has(code, ...NONE_KNOWN, ...NONE_OF_A_KIND);

/** Those that count at present, the severe ones first; without those that say that there is none. */
export const currentAllergies = <Allergy extends AllergyIntolerance>(all: readonly Allergy[]): Allergy[] =>
  all.filter((one) => isCurrent(one) && !isAbsence(one)).sort((a, b) => Number(isSevere(b)) - Number(isSevere(a)));
