/** The version that the caller of an action has read. */
import type { SeenVersion } from "../../mesh/seen-version-contract.ts";
import { type Identified, versionOf } from "./write-steps.ts";

/** Rule of the version of a stored thing, for Moleculer's validator. */
export const versionRule = { type: "number", integer: true, min: 1, optional: true } as const;

/** Rules of `SeenVersion`, for Moleculer's validator. */
export const seenVersionRules = { version: versionRule } as const;

/** The resource, unless it has changed since the caller has read it. @param changed makes the error: 409 */
export function asSeen<Of extends Identified>(resource: Of, { version }: SeenVersion, changed: () => Error): Of {
  if (version !== undefined && version !== versionOf(resource)) throw changed();
  return resource;
}
