/** Checks on a resource before it is stored. Pure. */
import type { Issue } from "../outcome.ts";

/**
 * All faults of a resource; empty when there is none.
 * @param expected the type that the resource was sent as
 */
export function validate(resource: unknown, expected: { type: string }): Issue[] {
  if (resource === null || typeof resource !== "object" || Array.isArray(resource)) {
    return [{ severity: "error", code: "structure", diagnostics: "A FHIR resource is a JSON object." }];
  }
  const { resourceType, meta } = resource as Record<string, unknown>;
  if (resourceType !== expected.type) {
    return [{ severity: "error", code: "invalid", diagnostics: `resourceType must be ${expected.type}.`, expression: ["resourceType"] }];
  }
  if (meta !== undefined && (meta === null || typeof meta !== "object" || Array.isArray(meta))) {
    return [{ severity: "error", code: "structure", diagnostics: "meta must be an object.", expression: [`${expected.type}.meta`] }];
  }
  return [];
}
