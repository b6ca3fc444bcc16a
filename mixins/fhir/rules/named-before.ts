/** A resource that was referred to before it existed, or before it had a patient, must be of the same patient as those that refer to it. */
import type { Service } from "moleculer";
import { parseJson } from "../../../fhir/json.ts";
import type { FhirResource } from "../../../fhir/r4.ts";
import type { Resource } from "../../../fhir/resource.ts";
import { anyOfValues } from "../../../fhir/search/exact-clauses.ts";
import type { StoreQuery } from "../../../fhir/search/query.ts";
import { splitPlace } from "../../../federation/facts.ts";
import { type NamedResource, type Naming, type NamingType, namingTypes } from "../../../federation/named-resources.ts";
import { patientPathOf } from "../../../federation/patient-records.ts";
import type { Store } from "../../../store/store.ts";
import { focusOf, idOf, placeOf, refusal, withArticle } from "./common.ts";
import { areMotherAndChild, factsOfTwo, birthOf, questionsOfTwo, type TwoPatients } from "./mother-and-child.ts";
import { isAmong } from "./one-person.ts";
import { ownedOf } from "./owned-types.ts";
import { holdersOf, patientsOf } from "./patients-of.ts";
import { referencesAt } from "./references-exist.ts";
import { type Change, type Facts, oncePerChange, type Rule } from "./rule.ts";

/** Resources read per query, and queries; further ones are found by `npm run check-data`. */
const [PAGE, MAX_PAGES] = [200, 10];
/** Other patients reported per type whose resources refer to one resource: a mother may have triplets. */
const MAX_OTHERS = 20;

/**
 * The patients of a resource that is created under an id chosen by its sender, that had no patient before, or that loses one of several;
 * undefined: its referrers were checked before.
 */
function patientsNow<Of extends FhirResource>({ before, after, isNamed }: Change<Of>): NamedBy | undefined {
  if (!before && isNamed !== true) return undefined;
  const [patient, ...besides] = patientsOf(after);
  if (patient === undefined) return undefined;
  const were = patientsOf(before);
  // For most types the one patient cannot change, by a rule of its own.
  const isLeft = were.length > 1 && were.some((it) => it !== patient && !besides.includes(it));
  const isFirst = before ? were.length === 0 : isNamed === true;
  return isFirst || isLeft ? { patient, besides } : undefined;
}

type NamedBy = Required<Omit<NamedResource, "place">>;

/** The rule `sameSubject` in the other order of writing, for a type to which others refer. */
export function namedBefore<Of extends FhirResource>(type: Of["resourceType"]): Rule<Of> {
  const id = `${idOf(type)}-named-before`;
  const nowOf = oncePerChange((change: Change<Of>) => patientsNow(change));
  const othersOf = ({ reference }: Change<Of>, { patient, besides }: NamedBy, facts: Facts): (Naming & { twos: TwoPatients[] })[] =>
    facts.namedBy(reference).map((naming) => {
      const isPart = type === "Encounter" && naming.by.startsWith("Encounter/");
      const pair = { child: naming.patient, named: reference, isPart, ...(isPart && { birth: birthOf(facts.of(naming.by)?.resource) }) };
      const twos = [patient, ...besides].map((mother) => ({ mother, ...pair }));
      return { ...naming, twos };
    });
  return {
    id,
    group: "subject",
    says: `${withArticle(type)} to which other resources already refer when it is created, or when it gets its patient, has the patient of those resources.`,
    asksNaming: nowOf,
    facts(change, facts) {
      const now = nowOf(change);
      const others = now ? othersOf(change, now, facts) : [];
      if (!now || others.length === 0) return [];
      const about = others.flatMap((it) => [
        ...(it.twos.some(({ isPart }) => isPart) ? [it.by] : []),
        ...patientsNaming(it),
        ...it.twos.flatMap((two) => factsOfTwo(two, facts)),
      ]);
      return [now.patient, ...now.besides, ...about];
    },
    questions(change, facts) {
      const now = nowOf(change);
      return now ? othersOf(change, now, facts).flatMap(({ twos }) => twos.flatMap((two) => questionsOfTwo(two, facts))) : [];
    },
    check(change, facts) {
      const now = nowOf(change);
      if (!now) return undefined;
      const own = [now.patient, ...now.besides];
      const holding = [...own, ...holdersOf(change.after)];
      const other = othersOf(change, now, facts).find(
        (it) =>
          !patientsNaming(it).some((patient) => isAmong(patient, it.by.startsWith("Account/") ? holding : own, facts)) &&
          !it.twos.some((two) => areMotherAndChild(two, facts)),
      );
      if (!other) return undefined;
      const what = `${other.by} of another patient refers to ${change.reference}: correct the patient of one of them.`;
      return { ...refusal(id, what, `${type}.${patientPathOf(type)}`), data: { by: other.by } };
    },
  };
}

const patientsNaming = ({ patient, besides = [] }: Naming): string[] => [patient, ...besides];

/** The resources of an owner that refer to the given ones and are of another patient; of each type a few for each. @param owned its types */
export async function namingHere(
  { store }: Service & { store: Store },
  named: NamedResource[],
  owned: ReadonlySet<string>,
): Promise<Naming[]> {
  const found: Naming[] = [];
  for (const [type, some] of Map.groupBy(named, ({ place }) => splitPlace(place)[0])) {
    const types = ownedOf(owned, namingTypes(type));
    if (types.length === 0) continue;
    const asked = new Map(some.map((one) => [one.place, one]));
    // Usually there are none: then the types need not be queried one by one.
    const places = await store.referredTo(types, [...asked.keys()]);
    for (const one of places.length > 0 ? types : []) {
      for (const place of await store.joinKeysAmong({ type: one.type, clauses: [], slots: one.slots, among: places })) {
        const of = asked.get(place);
        if (of) found.push(...(await othersNaming(store, one, of)));
      }
    }
  }
  return found;
}

/** Resources of a type that refer to this one and are of other patients: the first of each patient, or of several patients together. */
async function othersNaming(store: Store, { type: by, paths, slots }: NamingType, named: NamedResource): Promise<Naming[]> {
  const question: StoreQuery = { type: by, clauses: [anyOfValues(slots, [named.place])], sort: [], want: "rows", limit: PAGE };
  const own = [named.patient, ...(named.besides ?? [])];
  const found = new Map<string, Naming>();
  let after: StoreQuery["after"];
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { rows, more } = await store.search({ ...question, ...(after && { after }) });
    for (const { id, json } of rows) {
      const resource = json === undefined ? undefined : (parseJson(json) as Resource);
      const [patient, ...besides] = patientsOf(resource);
      const isNaming = paths.some((path) => referencesAt(resource, path).some((it) => placeOf(it) === named.place));
      if (patient === undefined || !isNaming) continue;
      const key = [patient, ...besides].join();
      const areOthers = ![patient, ...besides, ...focusOf(resource)].some((it) => own.includes(it));
      if (areOthers && !found.has(key)) {
        found.set(key, { place: named.place, by: `${by}/${id}`, patient, ...(besides.length > 0 && { besides }) });
      }
    }
    const last = rows.at(-1);
    if (!more || !last || found.size >= MAX_OTHERS) break;
    after = { values: [], seq: last.seq, id: last.id };
  }
  return [...found.values()].slice(0, MAX_OTHERS);
}
