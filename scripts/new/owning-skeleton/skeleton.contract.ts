import type { FhirResource } from "../../../fhir/r4.ts";
import { action } from "../../../mesh/contract.ts";
import type { SeenVersion } from "../../../mesh/seen-version-contract.ts";

/** The FHIR types that this service owns. */
export const owns: FhirResource["resourceType"][] = ["Basic"];

/** A resource that is marked, in the version that it has by that. */
export interface SkeletonMark {
  /** "Basic/…" */
  resource: string;
  version: number;
}

/** Everything that other services may know about `skeleton`. */
export const skeleton = {
  /** Marks a resource, once; `version`: that of the resource that was read. @throws 404 SKELETON_NOT_FOUND, 409 ALREADY_MARKED, 409 SKELETON_CHANGED (read again) */
  mark: action<{ resource: string } & SeenVersion, SkeletonMark>("skeleton.mark"),
  /** The resources that are marked, oldest first; at most 1,000. */
  listMarked: action<object, SkeletonMark[]>("skeleton.listMarked"),
};
