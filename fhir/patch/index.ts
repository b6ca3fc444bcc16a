/** Patches: JSON Patch (RFC 6902) and FHIRPath Patch (FHIR R4, fhirpatch.html). The given resource is not changed. */
import { EvaluationBudget, TooCostly } from "../expressions/budget.ts";
import { evaluateInWorker } from "../expressions/evaluator.ts";
import { parseJson } from "../json.ts";
import { fhirError } from "../outcome.ts";
import { fhirPathPatch } from "./fhirpath-patch.ts";
import { jsonPatch } from "./json-patch.ts";
import { locatePlain } from "./plain-path.ts";
import { NotPlain } from "../validate/rules/parse-expression.ts";
import type { Resource } from "../resource.ts";

/** The media type of a JSON Patch; a FHIRPath Patch is sent as FHIR JSON, a Parameters resource. */
export const JSON_PATCH = "application/json-patch+json";

/**
 * Applies a patch: all of its operations or none.
 * @param document a JSON Patch (an array) or a FHIRPath Patch (Parameters)
 * @param budget evaluation cost that the paths of a FHIRPath Patch may take
 * @throws FhirError 400 for an invalid patch, 422 for one that does not fit the resource or is too costly, 503
 */
export async function applyPatch(resource: Resource, document: unknown, budget = new EvaluationBudget()): Promise<Resource> {
  const patched = await patchedBy(resource, document, budget);
  if (patched.resourceType !== resource.resourceType || patched.id !== resource.id) {
    throw fhirError(422, "invalid", "A patch cannot change resourceType or id.", `${resource.resourceType}.id`);
  }
  return patched;
}

async function patchedBy(resource: Resource, document: unknown, budget: EvaluationBudget): Promise<Resource> {
  if (Array.isArray(document)) return jsonPatch(resource, document);
  const isParameters = document !== null && typeof document === "object" && (document as Resource).resourceType === "Parameters";
  if (isParameters) {
    return byPaths(resource, document as Resource, budget).catch((error: unknown) => {
      throw error instanceof TooCostly ? tooCostly() : error;
    });
  }
  throw fhirError(400, "structure", "A patch is a JSON Patch (an array of operations) or a FHIRPath Patch (Parameters).");
}

const tooCostly = () => fhirError(422, "too-costly", "The patch takes too long: send fewer operations at once, or simpler paths.");

/** Applies a patch with plain paths at once, one with other paths as a whole in the worker. */
async function byPaths(resource: Resource, parameters: Resource, budget: EvaluationBudget): Promise<Resource> {
  try {
    return fhirPathPatch(resource, parameters, (path, patched) => locatePlain(path, patched, budget));
  } catch (error) {
    if (!(error instanceof NotPlain)) throw error;
  }
  const task = { kind: "patch", resource: JSON.stringify(resource), parameters: JSON.stringify(parameters) } as const;
  return parseJson((await evaluateInWorker(task, budget)).json) as Resource;
}

/**
 * The patch in a bundle entry, as text: Parameters are a FHIRPath Patch, a Binary contains a JSON Patch (R4, http.html#patch).
 * @throws FhirError 400 for a Binary of another content type
 */
export function patchText(resource: Resource): string {
  if (resource.resourceType !== "Binary") return JSON.stringify(resource);
  const { contentType, data } = resource;
  if (typeof contentType !== "string" || contentType.split(";", 1)[0]?.trim() !== JSON_PATCH || typeof data !== "string") {
    throw fhirError(400, "invalid", `A Binary as a patch needs contentType ${JSON_PATCH} and data.`);
  }
  return Buffer.from(data, "base64").toString();
}
