/**
 * Preconditions of a write on the current version: If-Match and If-None-Match, or those of a bundle entry (RFC 9110, 13.1; FHIR R4,
 * http.html#concurrency). Whether a precondition holds, and so whether a write is answered 412, is decided only here.
 */
import { ifMatchVersions } from "./etag.ts";

/** The version of a resource that does not exist or is deleted, also as a required version (store/store.ts). */
export const NONE_LIVING = 0;

/** The preconditions of one write. */
export interface Preconditions {
  /** One of these must be current; absent: If-Match names no version. */
  versions?: number[];
  /** There must be a living version: If-Match, also with `*`. */
  mustExist: boolean;
  /** There must be none: `If-None-Match: *`. */
  mustBeAbsent: boolean;
}

/** @param where the place of a fault in errors @throws FhirError 400 for a value that is not an entity tag */
export function preconditionsOf(
  { ifMatch, ifNoneMatch }: { ifMatch?: string | undefined; ifNoneMatch?: string | undefined },
  where?: string,
): Preconditions {
  const versions = ifMatchVersions(ifMatch, where);
  return { ...(versions && { versions }), mustExist: ifMatch !== undefined, mustBeAbsent: ifNoneMatch?.trim() === "*" };
}

/** @param version the current one; NONE_LIVING if there is none */
export function areFulfilled({ versions, mustExist, mustBeAbsent }: Preconditions, version: number): boolean {
  const isLiving = version !== NONE_LIVING;
  if (mustBeAbsent && (isLiving || mustExist)) return false;
  return !mustExist || (isLiving && (!versions || versions.includes(version)));
}

/** The preconditions in the store's form; undefined: any version, or none. `If-Match: *` alone is no list of versions: see `mustExist`. */
export function requiredVersions({ versions, mustExist, mustBeAbsent }: Preconditions): number[] | undefined {
  if (mustBeAbsent) return mustExist ? [] : [NONE_LIVING];
  return versions;
}
