/**
 * A newborn's resource may refer to an act of its mother: the child's encounter is part of hers, a result of the child is made in hers (R4,
 * Encounter.partOf). They are mother and child if registered so (`patients.registerNewborn`): her record links a RelatedPerson who is the
 * child's mother. For senders that write neither RelatedPerson nor birth date, the encounter suffices: it is part of hers, and its
 * `hospitalization.admitSource` is `born`.
 */
import { intervalOf } from "../../../fhir/dates.ts";
import type { Encounter, Patient, RelatedPerson } from "../../../fhir/r4.ts";
import { referenceClause } from "../../../fhir/search/exact-clauses.ts";
import { typed } from "../../../fhir/typed.ts";
import { placeOf } from "./common.ts";
import { currentRecord } from "./one-person.ts";
import type { Facts, Question } from "./rule.ts";

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
  /** Whether it says that the child was born in hospital. */
  isBirth: boolean;
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

/** Asks whether the child has an encounter that is part of the named one. */
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

/** Whether an encounter is that of a patient born in hospital (HL7, admit-source). */
export const isBirth = (encounter: object | undefined): boolean =>
  ((encounter ?? {}) as Partial<Encounter>).hospitalization?.admitSource?.coding?.some(({ code }) => code === BORN) === true;

/** A child born since the encounter began may have been born in it, though not registered; with unknown birth date, if the encounter says so. */
function isBornSince({ child, named, isBirth: isSaid }: TwoPatients, facts: Facts): boolean {
  const { birthDate = "" } = (facts.of(child)?.resource ?? {}) as Partial<Patient>;
  const { period } = (facts.of(named)?.resource ?? {}) as Partial<Encounter>;
  const [, born] = intervalOf(birthDate) ?? [];
  if (born === undefined) return isSaid;
  const [began] = intervalOf(period?.start ?? "") ?? [];
  return began !== undefined && born >= began - A_DAY_MS;
}

/** Whether the resource of one patient may refer to the other's act. */
export const areMotherAndChild = (two: TwoPatients, facts: Facts): boolean =>
  isRegistered(two, facts) ||
  (two.isPart ? isBornSince(two, facts) : questionsOfTwo(two).some((question) => facts.found(question).length > 0));
