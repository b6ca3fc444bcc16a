/** Checks on a resource before it is stored: R4's structure, cardinality, types, required bindings, references and invariants. Pure. */
import type { Issue } from "../outcome.ts";
import { checkProfiles } from "./profiles/check.ts";
import type { Profile } from "./profiles/tree.ts";
import { Run } from "./run.ts";
import { checkRoot } from "./walk.ts";

/** What a resource is checked against. */
export interface Expected {
  /** The type that the resource was sent as. */
  type: string;
  /** Profiles that it must keep. */
  profiles?: Profile[];
  /** Other profiles that these refer to or build on. */
  stored?: Profile[];
}

/**
 * All faults of a resource, each with the FHIRPath of its element; empty when there is none. R4's own rules of severity
 * warning are a matter of taste, and not checked. Where profiles are given there may be warnings (`not-supported`) too: they
 * name what of a profile is not checked. Never throws, and leaves the resource as it is.
 */
export function validate(resource: unknown, { type, profiles = [], stored = [] }: Expected): Issue[] {
  const run = new Run();
  run.enter(type);
  checkRoot(resource, run, type);
  const isRight = typeof resource === "object" && (resource as { resourceType?: unknown } | null)?.resourceType === type;
  if (profiles.length > 0 && isRight) {
    run.resource = resource as Record<string, unknown>;
    checkProfiles(run.resource, profiles, stored, run);
  }
  return run.issues;
}
