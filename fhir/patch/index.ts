/** Patches: JSON Patch (RFC 6902) and FHIRPath Patch (FHIR R4, fhirpatch.html). Pure: the resource is left as it is. */
import { fhirError } from "../outcome.ts";
import { fhirPathPatch } from "./fhirpath-patch.ts";
import { jsonPatch } from "./json-patch.ts";
import type { Resource } from "../resource.ts";

/** The media type of a JSON Patch; a FHIRPath Patch comes as FHIR JSON, a Parameters resource. */
export const JSON_PATCH = "application/json-patch+json";

/**
 * The resource after the patch; all its operations or none.
 * @param document a JSON Patch (an array) or a FHIRPath Patch (Parameters)
 * @throws FhirError 400 for a patch that cannot be understood, 422 for one that does not fit the resource
 */
export function applyPatch(resource: Resource, document: unknown): Resource {
  const patched = patchedBy(resource, document);
  if (patched.resourceType !== resource.resourceType || patched.id !== resource.id)
    throw fhirError(422, "invalid", "A patch cannot change resourceType or id.", `${resource.resourceType}.id`);
  return patched;
}

function patchedBy(resource: Resource, document: unknown): Resource {
  if (Array.isArray(document)) return jsonPatch(resource, document);
  const isParameters = document !== null && typeof document === "object" && (document as Resource).resourceType === "Parameters";
  if (isParameters) return fhirPathPatch(resource, document as Resource);
  throw fhirError(400, "structure", "A patch is a JSON Patch (an array of operations) or a FHIRPath Patch (Parameters).");
}

/**
 * The patch in an entry of a bundle, as text: Parameters are a FHIRPath Patch, a Binary holds a JSON Patch (R4, http.html#patch).
 * @throws FhirError 400 for a Binary of another kind
 */
export function patchText(resource: Resource): string {
  if (resource.resourceType !== "Binary") return JSON.stringify(resource);
  const { contentType, data } = resource;
  if (typeof contentType !== "string" || contentType.split(";", 1)[0]?.trim() !== JSON_PATCH || typeof data !== "string")
    throw fhirError(400, "invalid", `A Binary as a patch needs contentType ${JSON_PATCH} and data.`);
  return Buffer.from(data, "base64").toString();
}
