import type { Patient } from "../../../fhir/r4.ts";
import type { IdentifierTable } from "../../../fhir/identifier-systems.ts";
import { areDistinct } from "../matching/distinct.model.ts";
import { MergeDoubt } from "../patients.contract.ts";

// Reasons to doubt that two records are one person's. Plain data in, plain data out.

type PatientWithId = Patient & { id: string };

/** What other resources say about two records. */
export interface PairFacts {
  /** One of them is recorded as a relative of the other. */
  areRelatives: boolean;
  /** The ids of those that have an open visit or stay. */
  present: readonly string[];
}

/** Whether a death is recorded. */
export const isDead = ({ deceasedBoolean, deceasedDateTime }: Patient): boolean =>
  deceasedBoolean === true || deceasedDateTime !== undefined;

/** The RelatedPersons by which a patient is known as a relative of others: their ids. */
export const relativeIdsOf = ({ link = [] }: Patient): string[] =>
  link.flatMap(({ type, other: { reference = "" } }) =>
    type === "seealso" && /^RelatedPerson\/[^/]+$/.exec(reference) ? [reference.slice(14)] : [],
  );

/** Whether each has a number in use of one system that gives a person one number, and none in common. */
function haveOtherNumbers(one: Patient, other: Patient, table: IdentifierTable): boolean {
  const numbersOf = ({ identifier = [] }: Patient) => identifier.filter((it) => table.isPersonal(it) && it.value !== undefined);
  const keyOf = ({ system = "", value = "" }: { system?: string; value?: string }) => table.keyOf(system, value);
  const [some, others] = [numbersOf(one), numbersOf(other)];
  return some.some(({ system }) => {
    const theirs = others.filter((it) => it.system === system).map(keyOf);
    const ours = some.filter((it) => it.system === system).map(keyOf);
    return theirs.length > 0 && !ours.some((key) => theirs.includes(key));
  });
}

/** What speaks against the two being one person, in the order of `MergeDoubt`. */
export function doubtsOf(
  one: PatientWithId,
  other: PatientWithId,
  { areRelatives, present }: PairFacts,
  table: IdentifierTable,
): MergeDoubt[] {
  const isPresentAfterDeath = isDead(one) !== isDead(other) && present.includes(isDead(one) ? other.id : one.id);
  return [
    ...(areRelatives ? [MergeDoubt.relatives] : []),
    ...(areDistinct(one, other) ? [MergeDoubt.distinct] : []),
    ...(haveOtherNumbers(one, other, table) ? [MergeDoubt.numbers] : []),
    ...(isPresentAfterDeath ? [MergeDoubt.present] : []),
  ];
}
