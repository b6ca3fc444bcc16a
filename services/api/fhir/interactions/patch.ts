/** PATCH Type/id: JSON Patch and FHIRPath Patch (FHIR R4, http.html#patch). */
import { budgetOf } from "../../../../fhir/expressions/budget.ts";
import { refuseLinksOutside } from "../../../../fhir/bundle/replace-links.ts";
import { MAX_PARTS_OF_RESOURCE, parseInput, parseJson } from "../../../../fhir/json.ts";
import { applyPatch, JSON_PATCH } from "../../../../fhir/patch/index.ts";
import { areFulfilled, preconditionsOf } from "../../../../fhir/preconditions.ts";
import { workOf } from "../../../../mesh/caller.ts";
import { fairTurn } from "../../../../mesh/turns.ts";
import { locked, staleVersion } from "../../../../federation/errors.ts";
import { asWriteConflict, retryOnConflict } from "../../../../federation/retry-on-conflict.ts";
import { readResource } from "../../../../federation/read.ts";
import type { Answer } from "../../http/answer.ts";
import { type FhirRequest, namedVersions } from "../request.ts";
import { rewrite } from "./resource.ts";

/** Characters of a resource after whose patch others have a turn. */
const LARGE = 100_000;

/**
 * Changes parts of a resource; without If-Match it is applied again after concurrent writes.
 * @throws 400, 404, 410, 412, 422; LOCKED after 10 s
 */
export async function patch(request: FhirRequest, type: string, id: string): Promise<Answer> {
  const document = parseInput(await request.body(JSON_PATCH), MAX_PARTS_OF_RESOURCE);
  const preconditions = preconditionsOf(namedVersions(request));
  const budget = budgetOf(workOf(request.caller));
  const patched = async () => {
    const stored = await readResource(request, type, id);
    if (!areFulfilled(preconditions, stored.version)) throw staleVersion({ type, id, version: stored.version });
    const resource = await applyPatch(parseJson(stored.json) as { resourceType: string }, document, budget);
    if (stored.json.length > LARGE) await fairTurn();
    refuseLinksOutside(resource, parseJson(stored.json));
    const answer = rewrite(request, { ...resource, id }, stored.version);
    return preconditions.versions ? answer : asWriteConflict(answer);
  };
  return retryOnConflict(
    () => [`${type}/${id}`],
    patched,
    () => locked({ type, id }),
  );
}
