/** Checks on a resource before it is stored: R4's structure, cardinality, types, required bindings, references and invariants. Pure. */
import type { Issue } from "../outcome.ts";
import { Run } from "./run.ts";
import { checkRoot } from "./walk.ts";

export interface Expected {
  /** The type that the resource was sent as. */
  type: string;
}

/**
 * All faults of a resource, each with the FHIRPath of its element; empty when there is none. Of what is no fault but a
 * matter of taste (R4's rules of severity warning) nothing is said. Never throws, and leaves the resource as it is.
 */
export function validate(resource: unknown, expected: Expected): Issue[] {
  const run = new Run();
  run.enter(expected.type);
  checkRoot(resource, run, expected.type);
  return run.issues;
}
