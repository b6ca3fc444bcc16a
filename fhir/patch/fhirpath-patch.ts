/** FHIRPath Patch (FHIR R4, fhirpatch.html). */
import { fhirError } from "../outcome.ts";
import type { Resource } from "./index.ts";

/** @throws FhirError */
export function fhirPathPatch(_resource: Resource, _parameters: Resource): Resource {
  throw fhirError(501, "not-supported", "FHIRPath Patch is not supported yet; JSON Patch is.");
}
