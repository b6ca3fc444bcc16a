/** Checks on a resource before it is stored: R4's structure, cardinality, types, required bindings, references and invariants. Pure. */
import type { Issue } from "../outcome.ts";
import { isResource } from "./definition.ts";
import { checkProfiles } from "./profiles/check.ts";
import type { Profile } from "./profiles/tree.ts";
import { ValidationContext } from "./validation-context.ts";
import { checkRoot } from "./walk.ts";

/** R4's own profile of a type, which is the type itself. */
const OF_R4 = /^http:\/\/hl7\.org\/fhir\/StructureDefinition\/([A-Z][A-Za-z]+)(?:\|.*)?$/;

/** Whether an address names what R4 defines of another type: no resource of this one keeps it. */
export function isOfAnotherType(profile: string, type: string): boolean {
  const named = OF_R4.exec(profile)?.[1];
  return named !== undefined && isResource(named) && named !== type;
}

function checkOwnProfiles(resource: unknown, type: string, run: ValidationContext): void {
  const profiles = (resource as { meta?: { profile?: unknown } } | null | undefined)?.meta?.profile;
  if (!Array.isArray(profiles)) return;
  profiles.forEach((profile, index) => {
    if (typeof profile === "string" && isOfAnotherType(profile, type))
      run.fault("value", `The profile ${profile.slice(0, 200)} is of another type.`, `.meta.profile[${index}]`);
  });
}

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
  const run = new ValidationContext();
  run.enter(type);
  checkRoot(resource, run, type);
  checkOwnProfiles(resource, type, run);
  const isRight = typeof resource === "object" && (resource as { resourceType?: unknown } | null)?.resourceType === type;
  if (profiles.length > 0 && isRight) {
    run.resource = resource as Record<string, unknown>;
    checkProfiles(run.resource, profiles, stored, run);
  }
  return run.issues;
}
