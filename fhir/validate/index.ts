/** Validates a resource before it is stored: R4's structure, cardinality, types, required bindings, references and invariants. */
import { EvaluationBudget } from "../expressions/budget.ts";
import type { Issue } from "../outcome.ts";
import { checkWholeness } from "./contained.ts";
import { isResource } from "./structure-definition.ts";
import { checkProfiles } from "./profiles/check-profiles.ts";
import type { Profile } from "./profiles/tree.ts";
import { ValidationContext } from "./validation-context.ts";
import { checkRoot } from "./walk.ts";

/** R4's own profile of a type, which is the type itself. */
const OF_R4 = /^http:\/\/hl7\.org\/fhir\/StructureDefinition\/([A-Z][A-Za-z]+)(?:\|.*)?$/;

/** Whether a profile is R4's own of another type, which no resource of this type can conform to. */
export function isOfAnotherType(profile: string, type: string): boolean {
  const named = OF_R4.exec(profile)?.[1];
  return named !== undefined && isResource(named) && named !== type;
}

/** Profiles that one resource may claim; each is looked up, and may be checked. */
const MAX_PROFILES = 100;

/** The profiles that a resource claims, up to the limit. */
export function profilesClaimedBy(resource: unknown): string[] {
  const profiles = (resource as { meta?: { profile?: unknown } | null } | null | undefined)?.meta?.profile;
  return Array.isArray(profiles) ? profiles.slice(0, MAX_PROFILES).filter((it) => typeof it === "string") : [];
}

function checkOwnProfiles(resource: unknown, type: string, run: ValidationContext): void {
  const profiles = (resource as { meta?: { profile?: unknown } | null } | null | undefined)?.meta?.profile;
  if (!Array.isArray(profiles)) return;
  if (profiles.length > MAX_PROFILES) {
    run.fault("too-costly", `meta.profile may name ${MAX_PROFILES} profiles, this one has ${profiles.length}.`, ".meta.profile");
    return;
  }
  profiles.forEach((profile, index) => {
    if (typeof profile === "string" && isOfAnotherType(profile, type)) {
      run.fault("value", `The profile ${profile.slice(0, 200)} is of another type.`, `.meta.profile[${index}]`);
    }
  });
}

/** The expectation against which a resource is validated. */
export interface Expected {
  /** The type under which the resource was sent. */
  type: string;
}

/** The same with profiles. */
export interface ExpectedProfiles extends Expected {
  /** Profiles to which it must conform. */
  profiles: Profile[];
  /** Other profiles to which these refer, or on which they are based. */
  stored: Profile[];
  /** Evaluation cost that the profiles may take, shared with all other resources of the request. */
  budget?: EvaluationBudget;
}

/**
 * All faults of a resource, each with the FHIRPath of its element; empty if it is valid. R4's rules of severity
 * warning are recommendations, and not checked. Never throws, and does not change the resource.
 */
export function validate(resource: unknown, { type }: Expected): Issue[] {
  return checked(resource, type).issues;
}

/**
 * As `validate`, with the faults against profiles. Warnings (`not-supported`) name the parts of a profile that are not checked.
 * Profiles that take too long are a fault of the resource (`too-costly`).
 * @throws FhirError 503 when too many rules are waiting to be evaluated
 */
export async function validateWithProfiles(
  resource: unknown,
  { type, profiles, stored, budget = new EvaluationBudget() }: ExpectedProfiles,
): Promise<Issue[]> {
  const run = checked(resource, type);
  const isRight = typeof resource === "object" && (resource as { resourceType?: unknown } | null)?.resourceType === type;
  if (profiles.length > 0 && isRight) {
    run.resource = resource as Record<string, unknown>;
    await checkProfiles(run.resource, { profiles, stored, budget }, run);
  }
  return run.issues;
}

function checked(resource: unknown, type: string): ValidationContext {
  const run = new ValidationContext();
  run.enter(type);
  checkRoot(resource, run, type);
  checkOwnProfiles(resource, type, run);
  checkWholeness(resource, run);
  return run;
}
