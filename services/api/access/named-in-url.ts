/** Which resources a FHIR request names in its URL: in the path, and in search parameters. */
import { isOfPatients } from "../../../federation/audit.ts";
import { ID_PATTERN } from "../../../fhir/ids.ts";
import { parametersOf } from "../../../fhir/search/parameters.ts";

/** Path of a resource, or within its compartment: type, id, what follows. */
const PATH = new RegExp(`^/fhir/([A-Z][A-Za-z]+)(?:/(${ID_PATTERN}))?(?:/([A-Z][A-Za-z]+|\\*|[$_][\\w-]+))?(?=[/?]|$)`);
const REFERENCE = new RegExp(`(?:^|/)([A-Z][A-Za-z]+)/(${ID_PATTERN})(?:/_history/${ID_PATTERN})?$`);
const ID = new RegExp(`^${ID_PATTERN}$`);
/** Parameters whose bare values are ids of patients, also as chains. */
const OF_PATIENTS = /(?:^|\.)(?:patient|subject)(?::Patient)?(?:\._id)?$|:Patient(?:\._id)?$/;
/** Parameters and resources that are looked at. */
const [MAX_PARAMETERS, MAX_NAMED] = [1_000, 1_000];

/** What a request names. */
export interface NamedInUrl {
  /** Types that it reads or changes. */
  types: string[];
  /** Resources that it asks for by id, or whose relations it asks for: `Type/id`. */
  places: string[];
  /** Patients whose data it asks for: `Patient/id`. */
  patients: string[];
}

/** @param url `/fhir/Observation?patient=1` */
export function namedInUrl(url: string): NamedInUrl {
  const mark = url.indexOf("?");
  const [, base, id, third] = PATH.exec(decoded(mark < 0 ? url : url.slice(0, mark))) ?? [];
  const query = mark < 0 ? [] : [...new URLSearchParams(url.slice(mark + 1))].slice(0, MAX_PARAMETERS);
  const searched = third !== undefined && /^[A-Z]/.test(third) ? third : base;
  const types = searched === undefined ? query.flatMap(([name, value]) => (name === "_type" ? value.split(",") : [])) : [searched];
  const places = new Set(base !== undefined && id !== undefined ? [`${base}/${id}`] : []);
  const patients = new Set<string>();
  for (const [name, value] of query) {
    if (places.size > MAX_NAMED || patients.size > MAX_NAMED) continue;
    const ofIds = typesOfIds(name, types);
    const isOfOthers = name.startsWith("_has:");
    for (const one of value.split(",")) {
      if (ID.test(one)) for (const type of ofIds) places.add(`${type}/${one}`);
      if (isOfOthers) continue;
      const [, type, its] = REFERENCE.exec(one) ?? [];
      if (type === "Patient") patients.add(`Patient/${its}`);
      // The authors of a version are part of it.
      else if (type !== undefined && (isOfPatients(type) || name === "target")) places.add(`${type}/${its}`);
      else if (OF_PATIENTS.test(name) && ID.test(one)) patients.add(`Patient/${one}`);
    }
  }
  for (const place of places) if (place.startsWith("Patient/")) patients.add(place);
  return { types, places: [...places], patients: [...patients] };
}

/** The end of a chain: `encounter:Encounter._id`, or `_has:Observation:subject:_id`; and a reference with its type, `encounter:Encounter`. */
const FAR_ID = /(?:^|:)_has:([A-Z][A-Za-z]+):[^:.]+:_id$|:([A-Z][A-Za-z]+)(?:\._id)?$/;

/** The types whose ids the values of a parameter are; [] if they are not ids, or of one of several types. Patients aside. */
function typesOfIds(name: string, types: string[]): string[] {
  if (name === "_id") return types;
  if (name === "_list") return ["List"];
  const [, referring, referred] = FAR_ID.exec(name) ?? [];
  const far = referring ?? referred ?? onlyTargetOf(name.replace(/\._id$/, ""), types);
  return far === undefined || far === "Patient" ? [] : [far];
}

/** The type to which a reference parameter of these types leads, if it is one only. */
function onlyTargetOf(name: string, types: string[]): string | undefined {
  const targets = new Set(types.flatMap((type) => parametersOf(type).get(name)?.targets ?? []));
  return targets.size === 1 ? [...targets][0] : undefined;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
