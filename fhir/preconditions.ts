/**
 * What a write demands of the version that is current: If-Match and If-None-Match, or the same of a bundle's entry (RFC 9110, 13.1; FHIR R4,
 * http.html#concurrency). Whether a precondition is fulfilled, and so whether a write is answered 412, is decided here and nowhere else.
 */
import { ifMatchVersions } from "./etag.ts";

/** Stands for the version of what is not there, or is deleted, also as a required version (store/store.ts). */
export const NONE_LIVING = 0;

/** The preconditions of one write. */
export interface Preconditions {
  /** One of these must be current; absent: If-Match names none. */
  versions?: number[];
  /** There must be a living version: If-Match, also `*`. */
  mustExist: boolean;
  /** There must be none: `If-None-Match: *`. */
  mustBeAbsent: boolean;
}

/** @param where what a fault names as its place @throws FhirError 400 for what is no entity tag */
export function preconditionsOf(
  { ifMatch, ifNoneMatch }: { ifMatch?: string | undefined; ifNoneMatch?: string | undefined },
  where?: string,
): Preconditions {
  const versions = ifMatchVersions(ifMatch, where);
  return { ...(versions && { versions }), mustExist: ifMatch !== undefined, mustBeAbsent: ifNoneMatch?.trim() === "*" };
}

/** @param version the current one; NONE_LIVING when there is none */
export function areFulfilled({ versions, mustExist, mustBeAbsent }: Preconditions, version: number): boolean {
  const isLiving = version !== NONE_LIVING;
  if (mustBeAbsent && (isLiving || mustExist)) return false;
  return !mustExist || (isLiving && (!versions || versions.includes(version)));
}

/** The preconditions as a store takes them; undefined: any version, or none. `If-Match: *` alone is no list of versions: see `mustExist`. */
export function requiredVersions({ versions, mustExist, mustBeAbsent }: Preconditions): number[] | undefined {
  if (mustBeAbsent) return mustExist ? [] : [NONE_LIVING];
  return versions;
}
