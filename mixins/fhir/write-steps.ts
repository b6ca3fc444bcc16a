/** Builds the steps of an atomic write from resources: `this.fhir.write([creation(invoice), ...charges.map(change)])`. */
import type { FhirResource } from "../../fhir/r4.ts";
import type { OwnerStep } from "../../federation/owner-contract.ts";
import type { NoneExist } from "../../store/writes.ts";

/** A resource with a logical id. */
export type Identified = FhirResource & { id: string };

type Creation = Extract<OwnerStep, { op: "create" }>;
type Change = Extract<OwnerStep, { op: "update" }>;
type Deletion = Extract<OwnerStep, { op: "delete" }>;
type Addition = Extract<OwnerStep, { op: "add" }>;

/** A new resource. @param ifNoneExist creates none if exactly one resource matches */
export function creation(resource: Identified, ifNoneExist?: NoneExist): Creation {
  const { resourceType: type, id } = resource;
  return { op: "create", type, id, text: JSON.stringify(resource), ...(ifNoneExist && { ifNoneExist }) };
}

/** The next version of a resource that was read: refused (412 STALE_VERSION) when it has changed since then. */
export function change(resource: Identified): Change {
  const { resourceType: type, id } = resource;
  return { op: "update", type, id, text: JSON.stringify(resource), ifVersion: [versionOf(resource)], upsert: false };
}

/** The deletion of a resource that was read: refused (412 STALE_VERSION) when it has changed since then. */
export function deletion(resource: Identified): Deletion {
  return { op: "delete", type: resource.resourceType, id: resource.id, ifVersion: [versionOf(resource)] };
}

/** Adds to a counter of the service. @param min refused (409 COUNTER_BELOW) when the result would be less */
export function addition(counter: string, by: number, min?: number): Addition {
  return { op: "add", counter, by, ...(min !== undefined && { min }) };
}

/**
 * The version in which a resource was read.
 * @throws Error for a resource that was never stored, which is a programming error
 */
export function versionOf({ resourceType, id, meta }: Identified): number {
  const version = Number(meta?.versionId);
  if (!Number.isInteger(version) || version < 1) throw new Error(`${resourceType}/${id} was not read from a store: it has no version.`);
  return version;
}
