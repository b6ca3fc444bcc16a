/** The APIs by which clients can write: rules apply to each of them, and each is tried with the same change. */
import type { Answered, FhirHttp } from "./fhir-http.ts";

type Json = Record<string, unknown>;

/** A resource as stored. */
export type StoredJson = Json & { resourceType: string; id: string };

export interface Door {
  name: string;
  /** Stores the next version of a resource. */
  change?(fhir: FhirHttp, before: StoredJson, after: StoredJson): Promise<Answered>;
  /** Stores a new resource. */
  create?(fhir: FhirHttp, resource: Json & { resourceType: string }): Promise<Answered>;
  remove?(fhir: FhirHttp, stored: StoredJson): Promise<Answered>;
}

const placeOf = ({ resourceType, id }: StoredJson): string => `/${resourceType}/${id}`;
const bundle = (fhir: FhirHttp, ...entry: object[]) => fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
/** A resource of another owner in the same bundle: it must not be stored if the other entry is refused. */
const companion = { resource: { resourceType: "Basic", code: { text: "companion" } }, request: { method: "POST", url: "Basic" } };

let next = 0;
/** An identifier that no other resource has. */
export const freshIdentifier = () => {
  next += 1;
  return { system: "urn:door", value: `${process.pid}-${next}` };
};

/** Criteria that match only this resource, by the identifier that the table gives it. */
function criteriaOf({ identifier }: Json): string {
  const [{ system, value } = { system: "", value: "" }] = [identifier].flat() as { system: string; value: string }[];
  return `identifier=${system}|${value}`;
}

/** A JSON Patch of whole members. */
function patchOf(before: Json, after: Json): object[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => name !== "meta");
  return names.flatMap((name): object[] => {
    if (JSON.stringify(before[name]) === JSON.stringify(after[name])) return [];
    if (after[name] === undefined) return [{ op: "remove", path: `/${name}` }];
    return [{ op: before[name] === undefined ? "add" : "replace", path: `/${name}`, value: after[name] }];
  });
}

const JSON_PATCH = { "Content-Type": "application/json-patch+json" };

export const DOORS: Door[] = [
  {
    name: "PUT, POST, DELETE",
    change: (fhir, _, after) => fhir.send("PUT", placeOf(after), after),
    create: (fhir, resource) => fhir.create(resource),
    remove: (fhir, stored) => fhir.send("DELETE", placeOf(stored)),
  },
  {
    name: "PATCH, PUT that creates",
    change: (fhir, before, after) => fhir.send("PATCH", placeOf(after), patchOf(before, after), JSON_PATCH),
    create: (fhir, resource) => {
      next += 1;
      const id = `door-${next}`;
      return fhir.send("PUT", `/${resource.resourceType}/${id}`, { ...resource, id });
    },
  },
  {
    name: "a transaction",
    change: (fhir, _, after) => bundle(fhir, companion, { resource: after, request: { method: "PUT", url: placeOf(after).slice(1) } }),
    create: (fhir, resource) => bundle(fhir, companion, { resource, request: { method: "POST", url: resource.resourceType } }),
    remove: (fhir, stored) => bundle(fhir, companion, { request: { method: "DELETE", url: placeOf(stored).slice(1) } }),
  },
  {
    name: "a conditional write",
    change: (fhir, before, after) => fhir.send("PUT", `/${after.resourceType}?${criteriaOf(before)}`, after),
    create: (fhir, resource) => fhir.create(resource, { "If-None-Exist": criteriaOf(resource) }),
    remove: (fhir, stored) => fhir.send("DELETE", `/${stored.resourceType}?${criteriaOf(stored)}`),
  },
];
