/** Which resources a FHIR request names in its URL: in the path, and in search parameters. */
import { ID_PATTERN } from "../../../fhir/ids.ts";

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
  /** Resources of these types that it asks for by id: `Type/id`. Not those that criteria refer to. */
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
    if (name.startsWith("_has:") || places.size > MAX_NAMED || patients.size > MAX_NAMED) continue;
    for (const one of value.split(",")) {
      if (name === "_id" && ID.test(one)) for (const type of types) places.add(`${type}/${one}`);
      const [, type, its] = REFERENCE.exec(one) ?? [];
      if (type === "Patient") patients.add(`Patient/${its}`);
      // The authors of a version are part of it.
      else if (type !== undefined && name === "target" && types.includes("Provenance")) places.add(`${type}/${its}`);
      else if (type === undefined && OF_PATIENTS.test(name) && ID.test(one)) patients.add(`Patient/${one}`);
    }
  }
  for (const place of places) if (place.startsWith("Patient/")) patients.add(place);
  return { types, places: [...places], patients: [...patients] };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
