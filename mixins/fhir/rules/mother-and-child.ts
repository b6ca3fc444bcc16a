/**
 * What is a newborn's may be of an act of its mother: its encounter is part of hers, its result is made in hers (R4, Encounter.partOf). It is
 * her child where it is registered so (`patients.registerNewborn`): her record links a RelatedPerson, who is the child's mother. Of others that
 * write neither RelatedPerson nor birth date, the encounter says it: it is part of hers, and its `hospitalization.admitSource` is `born`.
 */
import { intervalOf } from "../../../fhir/dates.ts";
import type { Encounter, Patient, RelatedPerson } from "../../../fhir/r4.ts";
import { referenceClause } from "../../../fhir/search/exact-clauses.ts";
import { typed } from "../../../fhir/typed.ts";
import { placeOf } from "./common.ts";
import { currentRecord } from "./one-person.ts";
import type { Facts, Question } from "./rule.ts";

/** Two patients of one act, and what of the one the other's resource names. */
export interface TwoPatients {
  /** "Patient/…" of who names it. */
  child: string;
  /** "Patient/…" of what is named. */
  mother: string;
  /** `Type/id` of what is named. */
  named: string;
  /** It is an Encounter that is part of the named one. */
  isPart: boolean;
  /** And says itself that the child was born in hospital. */
  isBirth: boolean;
}

/** HL7 v3-RoleCode: mother, natural mother, gestational mother. */
const MOTHER = ["MTH", "NMTH", "GESTM"];
/** HL7 admit-source: the patient is a newborn, delivered in hospital. */
const BORN = "born";
/** Dates are days of one place or another. Milliseconds. */
const A_DAY_MS = 86_400_000;

const recordsOf = (person: string, facts: Facts): string[] => [...new Set([person, currentRecord(person, facts)])];

/** RelatedPersons that her record links. */
const relatedOf = (mother: string, facts: Facts): string[] =>
  recordsOf(mother, facts).flatMap((record) => {
    const { link = [] } = (facts.of(record)?.resource ?? {}) as Partial<Patient>;
    return link.flatMap(({ other }) => placeOf(other) ?? []).filter((it) => it.startsWith("RelatedPerson/"));
  });

/** What has to be known of the two; more, when that is. */
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

/** Whether the child has an encounter that is part of the named one. */
export const questionsOfTwo = ({ child, named, isPart }: TwoPatients): Question[] =>
  named.startsWith("Encounter/") && !isPart ? [partsOf(child, named)] : [];

function isRegistered({ child, mother }: TwoPatients, facts: Facts): boolean {
  const children = recordsOf(child, facts);
  return relatedOf(mother, facts).some((place) => {
    const { patient, relationship = [] } = (facts.of(place)?.resource ?? {}) as Partial<RelatedPerson>;
    const isMother = relationship.some(({ coding = [] }) => coding.some(({ code = "" }) => MOTHER.includes(code)));
    return isMother && children.includes(placeOf(patient) ?? "");
  });
}

/** Whether an encounter is of somebody who was born in hospital (HL7, admit-source). */
export const isBirth = (encounter: object | undefined): boolean =>
  ((encounter ?? {}) as Partial<Encounter>).hospitalization?.admitSource?.coding?.some(({ code }) => code === BORN) === true;

/** Who was born since the encounter began may be born in it, though it is registered nowhere; of unknown birth date, who is said to be. */
function isBornSince({ child, named, isBirth: isSaid }: TwoPatients, facts: Facts): boolean {
  const { birthDate = "" } = (facts.of(child)?.resource ?? {}) as Partial<Patient>;
  const { period } = (facts.of(named)?.resource ?? {}) as Partial<Encounter>;
  const [, born] = intervalOf(birthDate) ?? [];
  if (born === undefined) return isSaid;
  const [began] = intervalOf(period?.start ?? "") ?? [];
  return began !== undefined && born >= began - A_DAY_MS;
}

/** Whether what is the one's may be of the other's act. */
export const areMotherAndChild = (two: TwoPatients, facts: Facts): boolean =>
  isRegistered(two, facts) ||
  (two.isPart ? isBornSince(two, facts) : questionsOfTwo(two).some((question) => facts.found(question).length > 0));
