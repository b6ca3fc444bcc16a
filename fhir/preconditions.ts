/**
 * Preconditions of a write on the current version: If-Match and If-None-Match, or those of a bundle entry (RFC 9110, 13.1; FHIR R4,
 * http.html#concurrency). Whether a precondition holds, and so whether a write is answered 412, is decided only here.
 */
import { versionsNamedIn } from "./etag.ts";

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
  /** None of these may be current: If-None-Match with entity tags. */
  excluded?: number[];
}

/** @param entry the entry of a bundle that has them, as a path for errors @throws FhirError 400 for a value that is not an entity tag */
export function preconditionsOf(
  { ifMatch, ifNoneMatch }: { ifMatch?: string | undefined; ifNoneMatch?: string | undefined },
  entry?: string,
): Preconditions {
  const versions = versionsNamedIn(ifMatch, entry === undefined ? "If-Match" : `${entry}.request.ifMatch`);
  const excluded = versionsNamedIn(ifNoneMatch, entry === undefined ? "If-None-Match" : `${entry}.request.ifNoneMatch`);
  return {
    ...(versions && { versions }),
    mustExist: ifMatch !== undefined,
    mustBeAbsent: ifNoneMatch?.trim() === "*",
    ...(excluded && { excluded }),
  };
}

/** @param version the current one; NONE_LIVING if there is none */
export function areFulfilled({ versions, mustExist, mustBeAbsent, excluded }: Preconditions, version: number): boolean {
  const isLiving = version !== NONE_LIVING;
  if (mustBeAbsent && (isLiving || mustExist)) return false;
  if (excluded?.includes(version)) return false;
  return !mustExist || (isLiving && (!versions || versions.includes(version)));
}

/**
 * The preconditions in the store's form; undefined: any version, or none. Not all can be told in this form: `If-Match: *` alone (`mustExist`), and
 * `excluded`, which is compared with the version that was read before the write. That stays true: a version does not become current again.
 */
export function requiredVersions({ versions, mustExist, mustBeAbsent }: Preconditions): number[] | undefined {
  if (mustBeAbsent) return mustExist ? [] : [NONE_LIVING];
  return versions;
}
