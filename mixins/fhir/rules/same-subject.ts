/** Order, specimen, result, report, encounter, account and insurance of one act have the same patient. */
import type { FhirResource } from "../../../fhir/r4.ts";
import type { Resource } from "../../../fhir/resource.ts";
import type { Fact } from "../../../federation/facts.ts";
import { isSpeaking, onePatientPathsOf } from "../../../federation/named-resources.ts";
import { focusOf, idOf, placeOf, refusal, withArticle } from "./common.ts";
import { areMotherAndChild, factsOfTwo, birthOf, questionsOfTwo, type TwoPatients } from "./mother-and-child.ts";
import { isAmong } from "./one-person.ts";
import { holdersOf, isPatientHere, patientsOf } from "./patients-of.ts";
import { type Change, type Facts, lookedAt, oncePerChange, type Rule } from "./rule.ts";
import { referencesAt } from "./references-exist.ts";

/** A resource that seems to be another patient's: another record of the same person has another id. */
interface OfOthers {
  path: string;
  /** `Type/id` */
  place: string;
  patients: string[];
}

/** The rule, for a type whose resources refer to resources of patients. */
export function sameSubject<Of extends FhirResource>(type: Of["resourceType"]): Rule<Of> {
  const id = `${idOf(type)}-one-patient`;
  const paths = onePatientPathsOf(type);
  const asked = oncePerChange((change: Change<Of>) => newReferencesOf(change, type, paths));
  const referencesOf = oncePerChange((change: Change<Of>): string[] => asked(change).map(({ reference }) => reference));
  // When resources go over to the record that replaced another, they are updated one by one: their targets are still the old record's.
  const ownOf = oncePerChange(({ after, before }: Change<Of>): string[] => [...whoseOf(after), ...patientsOf(before)]);
  const othersOf = (change: Change<Of>, facts: Facts): OfOthers[] => {
    if (asked(change).length === 0) return [];
    const own = ownOf(change);
    const others: OfOthers[] = [];
    for (const { path, reference } of asked(change)) {
      const inside = isContained(reference) ? containedIn(change.after, reference) : undefined;
      const fact = facts.of(reference);
      const patients = inside
        ? patientsOf(inside)
        : isSpeaking(type, path) && fact?.reference.startsWith("Patient/")
          ? [fact.reference]
          : ofFact(fact, type);
      const areOthers = patients.length > 0 && !patients.some((it) => own.includes(it));
      if (areOthers) others.push({ path, place: fact?.reference ?? reference, patients });
    }
    return others;
  };
  const twosOf = ({ after }: Change<Of>, { path, place, patients }: OfOthers): TwoPatients[] => {
    const isPart = type === "Encounter" && path === "partOf";
    const pair = { named: place, isPart, ...(isPart && { birth: birthOf(after) }) };
    return patientsOf(after).flatMap((child) => patients.map((mother) => ({ child, mother, ...pair })));
  };
  return {
    id,
    group: "subject",
    holdsAlways: true,
    says: `${withArticle(type)} has the same patient as the resources to which it refers: ${paths.join(", ")}. A newborn's resource may refer to those of its mother.`,
    facts(change, facts) {
      const references = referencesOf(change);
      const others = othersOf(change, facts);
      if (others.length === 0) return references;
      const about = others.flatMap((it) => [...it.patients, ...twosOf(change, it).flatMap((two) => factsOfTwo(two, facts))]);
      return [...references, ...about, ...ownOf(change)];
    },
    questions: (change, facts) => othersOf(change, facts).flatMap((it) => twosOf(change, it).flatMap((two) => questionsOfTwo(two, facts))),
    check(change, facts) {
      const own = ownOf(change);
      const other = othersOf(change, facts).find(
        (it) =>
          !it.patients.some((patient) => isAmong(patient, own, facts)) && !twosOf(change, it).some((two) => areMotherAndChild(two, facts)),
      );
      if (!other) return undefined;
      return refusal(
        id,
        `${other.place} is another patient's: refer to one of this patient's, or correct the patient.`,
        `${type}.${other.path}`,
      );
    },
  };
}

const whoseOf = (resource: FhirResource | undefined): string[] => [...patientsOf(resource), ...focusOf(resource)].filter(isPatientHere);

/** The references to check: an update that changes neither the patient, nor the focus, nor a reference is not checked again. */
function newReferencesOf(change: Change, type: string, paths: readonly string[]): { path: string; reference: string }[] {
  const { after } = change;
  if (!after || patientsOf(after).length === 0) return [];
  const looked = lookedAt(change);
  const before = looked && whoseOf(looked).join() === whoseOf(after).join() ? looked : undefined;
  const all: { path: string; reference: string }[] = [];
  for (const path of paths) {
    const known = before && new Set(referencesAt(before, path).map(placeOf));
    for (const { reference } of referencesAt(after, path)) {
      if (reference === undefined || (isSpeaking(type, path) && !isPerson(reference))) continue;
      const isKnown = before && isContained(reference) ? isSameWithin(before, after, reference) : known?.has(placeOf({ reference }));
      if (!isKnown) all.push({ path, reference });
    }
  }
  return all;
}

/** Whether a reference is, or may be, to a patient or to a related person. */
const isPerson = (reference: string): boolean => isContained(reference) || /(?:^|\/)(?:Patient|RelatedPerson)\//.test(reference);

const isContained = (reference: string): boolean => reference.startsWith("#");

const containedIn = (resource: FhirResource | undefined, reference: string): Resource | undefined =>
  (resource as { contained?: Resource[] } | undefined)?.contained?.find(({ id }) => `#${id}` === reference);

/** A contained resource that an update does not change is not checked again. */
const isSameWithin = (before: FhirResource, after: FhirResource, reference: string): boolean =>
  JSON.stringify(containedIn(before, reference)) === JSON.stringify(containedIn(after, reference));

/** The patients of the target of a reference; a target that is itself a patient is not checked. */
function ofFact(fact: Fact | undefined, by: string): string[] {
  const resource = fact?.resource;
  if (resource === undefined || resource.resourceType === "Patient") return [];
  const known = patientsOfTargets.get(resource) ?? patientsOf(resource);
  patientsOfTargets.set(resource, known);
  return by === "Account" ? [...known, ...holdersOf(resource)] : known;
}

/** Many resources of a write refer to the same target, and each rule asks in several rounds. */
const patientsOfTargets = new WeakMap<object, string[]>();
