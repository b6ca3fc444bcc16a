/** What was named before it was here, or before it had a patient, is that of those who name it. */
import type { Service } from "moleculer";
import { parseJson } from "../../../fhir/json.ts";
import type { FhirResource, Reference } from "../../../fhir/r4.ts";
import type { Resource } from "../../../fhir/resource.ts";
import { anyOfValues } from "../../../fhir/search/exact-clauses.ts";
import type { StoreQuery } from "../../../fhir/search/query.ts";
import { splitPlace } from "../../../federation/facts.ts";
import { type NamedResource, type Naming, type NamingType, namingTypes } from "../../../federation/named-resources.ts";
import type { Store } from "../../../store/store.ts";
import { focusOf, idOf, placeOf, refusal, withArticle } from "./common.ts";
import { currentRecord } from "./one-person.ts";
import { referencesAt } from "./references-exist.ts";
import type { Change, Rule } from "./rule.ts";

/** Resources that are looked at in one question, and questions: who names it besides, `npm run check-data` finds. */
const [PAGE, MAX_PAGES] = [200, 10];

const isPatient = (place: string | undefined): place is string => place?.startsWith("Patient/") === true;

/** The patient of what comes under an id that its sender has chosen, or of what had none. */
function patientNow<Of extends FhirResource>(
  { before, after, isNamed }: Change<Of>,
  of: (resource: Of) => Reference | undefined,
): string | undefined {
  const patient = after && placeOf(of(after));
  const isFirst = before ? placeOf(of(before)) === undefined : isNamed === true;
  return isFirst && isPatient(patient) ? patient : undefined;
}

/**
 * The other order of `sameSubject`, for a type that others name.
 * @param of where the type has its patient
 */
export function namedBefore<Of extends FhirResource>(
  type: Of["resourceType"],
  element: string,
  of: (resource: Of) => Reference | undefined,
): Rule<Of> {
  const id = `${idOf(type)}-named-before`;
  return {
    id,
    group: "subject",
    says: `${withArticle(type)} that others name before it is here, or before it has a patient, has their patient.`,
    asksNaming: (change) => patientNow(change, of),
    facts: (change, facts) => {
      const patient = patientNow(change, of);
      const others = patient === undefined ? [] : facts.namedBy(change.reference).map((it) => it.patient);
      return others.length === 0 ? [] : [patient, ...others];
    },
    check(change, facts) {
      const patient = patientNow(change, of);
      if (patient === undefined) return undefined;
      const own = currentRecord(patient, facts);
      const other = facts.namedBy(change.reference).find((it) => currentRecord(it.patient, facts) !== own);
      if (!other) return undefined;
      const what = `${other.by} of another patient names ${change.reference}: correct the patient of one of them.`;
      return { ...refusal(id, what, `${type}.${element}`), data: { by: other.by } };
    },
  };
}

/** Which of an owner's resources name one of these and are of another patient: of each type one for each. */
export async function namingHere(
  { store }: Service & { store: Store },
  named: NamedResource[],
  owns: (type: string) => boolean,
): Promise<Naming[]> {
  const found: Naming[] = [];
  for (const [type, some] of Map.groupBy(named, ({ place }) => splitPlace(place)[0])) {
    const types = namingTypes(type).filter(({ by }) => owns(by));
    if (types.length === 0) continue;
    const patients = new Map(some.map(({ place, patient }) => [place, patient]));
    // Usually nobody does: then the types need not be asked one by one.
    const places = await store.referredTo(
      types.map(({ by, slots }) => ({ type: by, slots })),
      [...patients.keys()],
    );
    for (const one of places.length > 0 ? types : []) {
      for (const place of await store.joinKeysAmong({ type: one.by, clauses: [], slots: one.slots, among: places })) {
        const other = await otherNaming(store, one, { place, patient: patients.get(place) ?? "" });
        if (other) found.push(other);
      }
    }
  }
  return found;
}

/** The first resource of a type that names this one and is of another patient. */
async function otherNaming(store: Store, { by, paths, patient, slots }: NamingType, named: NamedResource): Promise<Naming | undefined> {
  const question: StoreQuery = { type: by, clauses: [anyOfValues(slots, [named.place])], sort: [], want: "rows", limit: PAGE };
  let after: StoreQuery["after"];
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { rows, more } = await store.search({ ...question, ...(after && { after }) });
    for (const { id, json } of rows) {
      const resource = json === undefined ? undefined : (parseJson(json) as Resource);
      const whose = placeOf(resource?.[patient] as Reference | undefined);
      const isNaming = paths.some((path) => referencesAt(resource, path).some((it) => placeOf(it) === named.place));
      const isOfOther = isPatient(whose) && whose !== named.patient && !focusOf(resource).includes(named.patient);
      if (isNaming && isOfOther) return { place: named.place, by: `${by}/${id}`, patient: whose };
    }
    const last = rows.at(-1);
    if (!more || !last) return undefined;
    after = { values: [], seq: last.seq, id: last.id };
  }
  return undefined;
}
