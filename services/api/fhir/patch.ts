/** PATCH Type/id: JSON Patch and FHIRPath Patch (FHIR R4, http.html#patch). */
import { parseInput, parseJson } from "../../../fhir/json.ts";
import { applyPatch, JSON_PATCH } from "../../../fhir/patch/index.ts";
import { ifMatchVersions } from "../../../fhir/etag.ts";
import { isType, staleVersion } from "../../../mixins/fhir/errors.ts";
import { readResource } from "../../../mixins/fhir/read.ts";
import type { Answer } from "../http/answer.ts";
import type { FhirRequest } from "./request.ts";
import { rewrite } from "./resource.ts";

/** How often a patch without If-Match is repeated on what others wrote in between. */
const ATTEMPTS = 8;

export async function patch(request: FhirRequest, type: string, id: string): Promise<Answer> {
  const document = parseInput(await request.body(JSON_PATCH));
  const allowed = ifMatchVersions(request.header("if-match"));
  for (let attempt = 1; ; attempt += 1) {
    const stored = await readResource(request, type, id);
    if (allowed && !allowed.includes(stored.version)) throw staleVersion({ type, id, version: stored.version });
    const resource = applyPatch(parseJson(stored.json) as { resourceType: string }, document);
    try {
      return await rewrite(request, { ...resource, id }, stored.version);
    } catch (error) {
      if (!isType(error, "STALE_VERSION") || allowed || attempt === ATTEMPTS) throw error;
    }
  }
}
