/** Order, specimen, result, report and encounter of one act have one patient. */
import type { FhirResource, Reference } from "../../../fhir/r4.ts";
import type { Fact } from "../../../federation/facts.ts";
import { onePatientPathsOf } from "../../../federation/named-resources.ts";
import { patientElementOf } from "../../../federation/patient-records.ts";
import { focusOf, idOf, placeOf, refusal, withArticle } from "./common.ts";
import { isAmong } from "./one-person.ts";
import { type Change, type Facts, lookedAt, type Rule } from "./rule.ts";
import { referencesAt } from "./references-exist.ts";

/** The patient of what an act refers to. */
function patientOf(fact: Fact | undefined): string | undefined {
  const element = fact?.resource && patientElementOf(fact.resource.resourceType);
  return element === undefined ? undefined : placeOf(fact?.resource?.[element] as Reference | undefined);
}

/** A group, a device, or a patient of another server may be, or have, who is meant here: nobody can tell. */
const isPatientHere = (place: string | undefined): place is string => place?.startsWith("Patient/") === true;

/** @param of where the type has its patient */
export function sameSubject<Of extends FhirResource>(type: Of["resourceType"], of: (resource: Of) => Reference | undefined): Rule<Of> {
  const id = `${idOf(type)}-one-patient`;
  const paths = onePatientPathsOf(type);
  const whoseOf = (resource: Of): string[] => [placeOf(of(resource)) ?? "", ...focusOf(resource)];
  /** An update that leaves the patient, whom it is about, and a reference as they were is not asked again. */
  const asked = (change: Change<Of>): { path: string; reference: string }[] => {
    const { after } = change;
    if (!after || !isPatientHere(placeOf(of(after)))) return [];
    const looked = lookedAt(change);
    const before = looked && whoseOf(looked).join() === whoseOf(after).join() ? looked : undefined;
    return paths.flatMap((path) => {
      const known = new Set(before ? referencesAt(before, path).map(placeOf) : []);
      return referencesAt(after, path).flatMap((it) =>
        it.reference === undefined || known.has(placeOf(it)) ? [] : [{ path, reference: it.reference }],
      );
    });
  };
  // What goes over to the patient who took another's place comes one by one: what it refers to is the other's still.
  const ownOf = ({ after, before }: Change<Of>): string[] =>
    [...(after ? whoseOf(after) : []), placeOf(before && of(before))].filter(isPatientHere);
  const othersOf = (change: Change<Of>, facts: Facts): { path: string; reference: string; patient: string }[] => {
    const own = ownOf(change);
    return asked(change).flatMap((it) => {
      const patient = patientOf(facts.of(it.reference));
      return isPatientHere(patient) && !own.includes(patient) ? [{ ...it, patient }] : [];
    });
  };
  return {
    id,
    group: "subject",
    holdsAlways: true,
    says: `${withArticle(type)} has the patient of what it refers to: ${paths.join(", ")}.`,
    facts(change, facts) {
      const others = othersOf(change, facts).map(({ patient }) => patient);
      return [...asked(change).map(({ reference }) => reference), ...(others.length > 0 ? [...others, ...ownOf(change)] : [])];
    },
    check(change, facts) {
      const other = othersOf(change, facts).find(({ patient }) => !isAmong(patient, ownOf(change), facts));
      if (!other) return undefined;
      return refusal(
        id,
        `${placeOf(other)} is another patient's: refer to one of this patient's, or correct the patient.`,
        `${type}.${other.path}`,
      );
    },
  };
}
