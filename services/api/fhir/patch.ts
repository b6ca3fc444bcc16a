/** PATCH Type/id: JSON Patch and FHIRPath Patch (FHIR R4, http.html#patch). */
import { parseInput, parseJson } from "../../../fhir/json.ts";
import { applyPatch, JSON_PATCH } from "../../../fhir/patch/index.ts";
import { ifMatchVersions } from "../../../fhir/etag.ts";
import { locked, staleVersion } from "../../../mixins/fhir/errors.ts";
import { orOvertaken, whileOvertaken } from "../../../mixins/fhir/overtaken.ts";
import { readResource } from "../../../mixins/fhir/read.ts";
import type { Answer } from "../http/answer.ts";
import type { FhirRequest } from "./request.ts";
import { rewrite } from "./resource.ts";

export async function patch(request: FhirRequest, type: string, id: string): Promise<Answer> {
  const document = parseInput(await request.body(JSON_PATCH));
  const allowed = ifMatchVersions(request.header("if-match"));
  const patched = async () => {
    const stored = await readResource(request, type, id);
    if (allowed && !allowed.includes(stored.version)) throw staleVersion({ type, id, version: stored.version });
    const resource = applyPatch(parseJson(stored.json) as { resourceType: string }, document);
    const answer = rewrite(request, { ...resource, id }, stored.version);
    return allowed ? answer : orOvertaken(answer);
  };
  return whileOvertaken(
    () => [`${type}/${id}`],
    patched,
    () => locked({ type, id }),
  );
}
