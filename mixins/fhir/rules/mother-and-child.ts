/**
 * A newborn's resource may refer to an act of its mother: the child's encounter is part of hers, a result of the child is made in hers (R4,
 * Encounter.partOf). They are mother and child if registered so (`patients.registerNewborn`): her record links a RelatedPerson who is the
 * child's mother. For senders that write neither RelatedPerson nor birth date, the encounter suffices: it is part of hers, begins during it, and its
 * `hospitalization.admitSource` is `born`. Nobody is born of a man, or of another than the registered mother.
 */
import { intervalOf } from "../../../fhir/dates.ts";
import type { Encounter, Patient, Period, RelatedPerson } from "../../../fhir/r4.ts";
import { referenceClause } from "../../../fhir/search/exact-clauses.ts";
import { typed } from "../../../fhir/typed.ts";
import { placeOf } from "./common.ts";
import { currentRecord } from "./one-person.ts";
import type { Facts, Question } from "./rule.ts";

/** An encounter of a patient who was born in hospital. */
export interface Birth {
  /** Its start; absent: it has none. */
  start?: string;
}

/** Two patients of one act, and the resource of one that the other's refers to. */
export interface TwoPatients {
  /** "Patient/…" of the referring resource. */
  child: string;
  /** "Patient/…" of the resource referred to. */
  mother: string;
  /** `Type/id` of the resource referred to. */
  named: string;
  /** Whether the referring resource is an Encounter that is part of the other. */
  isPart: boolean;
  /** That encounter, if it says that the child was born in hospital. */
  birth?: Birth | undefined;
}

/** HL7 v3-RoleCode: mother, natural mother, gestational mother. */
const MOTHER = ["MTH", "NMTH", "GESTM"];
/** HL7 admit-source: the patient is a newborn, delivered in hospital. */
const BORN = "born";
/** Tolerance between dates of different time zones. Milliseconds. */
const A_DAY_MS = 86_400_000;

const recordsOf = (person: string, facts: Facts): string[] => [...new Set([person, currentRecord(person, facts)])];

/** RelatedPersons linked by the mother's record. */
const relatedOf = (mother: string, facts: Facts): string[] =>
  recordsOf(mother, facts).flatMap((record) => {
    const { link = [] } = (facts.of(record)?.resource ?? {}) as Partial<Patient>;
    return link.flatMap(({ other }) => placeOf(other) ?? []).filter((it) => it.startsWith("RelatedPerson/"));
  });

/** References of the facts needed about the two; more, once some of them are known. */
export const factsOfTwo = ({ child, mother, named }: TwoPatients, facts: Facts): string[] => [
  named,
  ...recordsOf(child, facts),
  ...recordsOf(mother, facts),
  ...relatedOf(mother, facts),
];

const partsOf = (child: string, named: string): Question => ({
  type: "Encounter",
  clauses: [referenceClause("Encounter", "subject", [child]), referenceClause("Encounter", "part-of", [named])],
  limit: 1,
  isAnswer: (made) => placeOf(typed<Encounter>(made).subject) === child && placeOf(typed<Encounter>(made).partOf) === named,
});

/** Relatives of a child that are looked at. */
const MAX_RELATIVES = 20;

/** Asks for the related persons of a child. */
const relativesOf = (child: string): Question => ({
  type: "RelatedPerson",
  clauses: [referenceClause("RelatedPerson", "patient", [child])],
  limit: MAX_RELATIVES,
  isAnswer: (made) => placeOf(typed<RelatedPerson>(made).patient) === child,
});

/** Asks for the patients who are these related persons. */
const patientsWhoAre = (relatives: string[]): Question => ({
  type: "Patient",
  clauses: [referenceClause("Patient", "link", relatives)],
  limit: MAX_RELATIVES,
});

/** The mothers of a child who are patients here: what is to be asked next, and what is found. */
function registeredMothers(child: string, facts: Facts): { questions: Question[]; mothers: string[] } {
  const first = relativesOf(child);
  const related = facts.found(first).filter((it) => isMother(typed<RelatedPerson>(it)));
  if (related.length === 0) return { questions: [first], mothers: [] };
  const second = patientsWhoAre(related.map(({ id }) => `RelatedPerson/${id}`));
  return { questions: [first, second], mothers: facts.found(second).map(({ id }) => `Patient/${id}`) };
}

const isMother = ({ relationship = [] }: Partial<RelatedPerson>): boolean =>
  relationship.some(({ coding = [] }) => coding.some(({ code = "" }) => MOTHER.includes(code)));

/** Asks whether the child has an encounter that is part of the named one; if that is the question, whether it is registered as another's. */
export const questionsOfTwo = ({ child, named, isPart }: TwoPatients, facts: Facts): Question[] => {
  if (isPart) return registeredMothers(child, facts).questions;
  return named.startsWith("Encounter/") ? [partsOf(child, named)] : [];
};

function isRegistered({ child, mother }: TwoPatients, facts: Facts): boolean {
  const children = recordsOf(child, facts);
  return relatedOf(mother, facts).some((place) => {
    const related = (facts.of(place)?.resource ?? {}) as Partial<RelatedPerson>;
    return isMother(related) && children.includes(placeOf(related.patient) ?? "");
  });
}

/** An encounter as that of a patient born in hospital (HL7, admit-source); undefined if it does not say so. */
export function birthOf(encounter: object | undefined): Birth | undefined {
  const { hospitalization, period } = (encounter ?? {}) as Partial<Encounter>;
  const isSaid = hospitalization?.admitSource?.coding?.some(({ code }) => code === BORN);
  return isSaid ? { ...(period?.start !== undefined && { start: period.start }) } : undefined;
}

/** Whether a time, or one that is not known to the day, may lie within a period that may still continue. */
function isWithin(time: string, { start = "", end = "" }: Period): boolean {
  const [from, to] = intervalOf(time) ?? [];
  const [began] = intervalOf(start) ?? [];
  const [, ended = Number.POSITIVE_INFINITY] = intervalOf(end) ?? [];
  return from !== undefined && to !== undefined && began !== undefined && to >= began - A_DAY_MS && from <= ended + A_DAY_MS;
}

/**
 * A child born during the encounter may have been born in it, though not registered; one of unknown birth date if an encounter of the child says so, which
 * begins during the mother's.
 */
function isBornDuring({ child, mother, named, birth }: TwoPatients, facts: Facts): boolean {
  const { birthDate } = (facts.of(child)?.resource ?? {}) as Partial<Patient>;
  const { gender } = (facts.of(mother)?.resource ?? {}) as Partial<Patient>;
  const { period = {} } = (facts.of(named)?.resource ?? {}) as Partial<Encounter>;
  // That she is the registered one has been asked before.
  if (gender === "male" || registeredMothers(child, facts).mothers.length > 0) return false;
  if (birthDate !== undefined) return isWithin(birthDate, period);
  return birth !== undefined && (birth.start === undefined || isWithin(birth.start, period));
}

/** Whether the resource of one patient may refer to the other's act. */
export const areMotherAndChild = (two: TwoPatients, facts: Facts): boolean =>
  isRegistered(two, facts) ||
  (two.isPart ? isBornDuring(two, facts) : questionsOfTwo(two, facts).some((question) => facts.found(question).length > 0));
