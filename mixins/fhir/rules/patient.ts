/** Which patients can have a new act: those who are alive, active, and not replaced by another record. */
import { intervalOf } from "../../../fhir/dates.ts";
import type { FhirResource, Reference } from "../../../fhir/r4.ts";
import type { Fact } from "../../../federation/facts.ts";
import { idOf, placeOf, refusal, withArticle } from "./common.ts";
import { PAST_MS } from "./past.ts";
import type { Change, Rule } from "./rule.ts";

interface Patient {
  active?: boolean;
  deceasedBoolean?: boolean;
  deceasedDateTime?: string;
  link?: { type?: string; other?: Reference }[];
}

/**
 * Why nothing new can begin for a patient; undefined: it can, or the patient is not known here.
 * @param begun when the act began, according to itself
 */
export function reasonAgainst(fact: Fact | undefined, begun: string | undefined, now: Date): string | undefined {
  const patient = fact?.resource as Patient | undefined;
  if (!patient) return undefined;
  const [low = now.getTime()] = begun === undefined ? [] : (intervalOf(begun) ?? []);
  const [, death = now.getTime() - PAST_MS] = patient.deceasedDateTime === undefined ? [] : (intervalOf(patient.deceasedDateTime) ?? []);
  if ((patient.deceasedBoolean || patient.deceasedDateTime !== undefined) && low > death) {
    return "The patient has died: only what began before can be recorded, with its date, or what is over.";
  }
  if (low <= now.getTime() - PAST_MS) return undefined;
  const other = patient.link?.find(({ type }) => type === "replaced-by")?.other;
  if (other) return `The patient's record was replaced: use ${placeOf(other) ?? "the one that it names"}.`;
  if (patient.active === false) return "The patient's record is not active: set Patient.active first, or use the active record.";
  return undefined;
}

/**
 * @param how.element the patient element of the type, and how it is read
 * @param how.begun when the act began
 * @param how.isOpen whether the act is in progress, or its stage; each further stage is checked
 */
export function patientCanHave<Of extends FhirResource>(
  type: Of["resourceType"],
  { element, of, begun, isOpen, stages = "open" }: PatientRule<Of>,
): Rule<Of> {
  const id = `${idOf(type)}-patient`;
  const isNew = ({ before, after }: Change<Of>): boolean =>
    after !== undefined && Number(isOpen(after)) > Number(before ? isOpen(before) : 0);
  return {
    id,
    group: "subject",
    says: `No new ${stages} ${type} for a patient who has died, is not active, or whose record was merged into another; past acts can be recorded.`,
    facts: (change) => (isNew(change) ? [of(change.after as Of)?.reference] : []),
    check(change, facts) {
      if (!isNew(change)) return undefined;
      const after = change.after as Of;
      const reason = reasonAgainst(facts.of(of(after)?.reference), begun(after), change.now);
      return reason === undefined ? undefined : refusal(id, reason, `${type}.${element}`);
    },
  };
}

interface PatientRule<Of> {
  element: string;
  of(resource: Of): Reference | undefined;
  begun(resource: Of): string | undefined;
  isOpen(resource: Of): boolean | number;
  /** What the act is called at that stage. */
  stages?: string;
}

/**
 * Nothing can be given after the patient's death; not checked if the time of death is unknown.
 * @param how.element with the time at which it was given
 * @param how.givenAt the time, according to the resource; undefined: nothing was given, or the time is unknown
 */
export function givenInLife<Of extends FhirResource>(
  type: Of["resourceType"],
  { element, of, givenAt }: Pick<PatientRule<Of>, "element" | "of"> & { givenAt(resource: Of): string | undefined },
): Rule<Of> {
  const id = `${idOf(type)}-in-life`;
  const isAsked = ({ before, after }: Change<Of>): boolean =>
    after !== undefined && givenAt(after) !== undefined && (!before || givenAt(before) !== givenAt(after));
  return {
    id,
    group: "subject",
    says: `${withArticle(type)} does not say that something was given after the patient's death.`,
    facts: (change) => (isAsked(change) ? [of(change.after as Of)?.reference] : []),
    check(change, facts) {
      if (!isAsked(change)) return undefined;
      const after = change.after as Of;
      const { deceasedDateTime = "" } = (facts.of(of(after)?.reference)?.resource ?? {}) as Patient;
      const [low] = intervalOf(givenAt(after) ?? "") ?? [];
      const [, death] = intervalOf(deceasedDateTime) ?? [];
      if (low === undefined || death === undefined || low <= death) return undefined;
      return refusal(id, "The patient had died before that time: correct one of the two times.", `${type}.${element}`);
    },
  };
}
