/** Conditional update, patch and delete: criteria in place of an id (FHIR R4, http.html#cond-update, #3.1.0.7.1). */
import { refuseLinksOutside } from "../../../../fhir/bundle/replace-links.ts";
import { JSON_PATCH } from "../../../../fhir/patch/index.ts";
import { areFulfilled, NONE_LIVING, preconditionsOf } from "../../../../fhir/preconditions.ts";
import { fhirError } from "../../../../fhir/outcome.ts";
import { type CriteriaMatches, resolveCriteria, type CriteriaMatch } from "../../../../federation/resolve-criteria.ts";
import { locked, multipleMatches, noMatch, staleVersion } from "../../../../federation/errors.ts";
import { asWriteConflict, WriteConflict, retryOnConflict } from "../../../../federation/retry-on-conflict.ts";
import { transactionOf, transactions } from "../../../transactions/transactions.contract.ts";
import type { Answer } from "../../http/answer.ts";
import { patch } from "./patch.ts";
import { createUnless, type Parsed, parsed, remove, rewrite, throughTransaction } from "./resource.ts";
import { type FhirRequest, namedVersions } from "../request.ts";

/** Resources that one conditional delete may remove, if several are allowed at all. */
const MAX_DELETED = 1_000;

/** The query without `_format` and `_pretty`. @throws FhirError 412 without criteria */
function criteriaOf(request: FhirRequest, type: string): string {
  const pairs = request.query.filter(([name]) => name !== "_format" && name !== "_pretty");
  if (pairs.length === 0) throw fhirError(412, "multiple-matches", `Name one resource, ${type}/id, or give criteria, ${type}?….`);
  return `${type}?${pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&")}`;
}

/** PUT Type?criteria: updates the one match, creates if there is none, refuses if there are several. */
export async function conditionalUpdate(request: FhirRequest, type: string): Promise<Answer> {
  const text = await request.body();
  const criteria = criteriaOf(request, type);
  const resource = parsed(text, type);
  refuseLinksOutside(resource);
  const named = namedVersions(request);
  if (request.directory.isShared(type)) {
    return throughTransaction(request, { resource, request: { method: "PUT", url: criteria, ...named } });
  }
  const preconditions = preconditionsOf(named);
  const updated = async () => {
    const [found] = await resolveCriteria(request, [criteria], 2);
    const [match, ...more] = found?.matches ?? [];
    if (more.length > 0) throw multipleMatches(criteria);
    const version = match?.version ?? NONE_LIVING;
    if (!areFulfilled(preconditions, version)) throw staleVersion({ type, ...(match && { id: match.id }), version });
    if (match) return updateMatch(request, resource, match, preconditions.versions !== undefined);
    const created = await createUnless(request, resource, (found as CriteriaMatches).condition);
    if (!created) throw new WriteConflict();
    return created;
  };
  return retryOnConflict(
    () => [criteria],
    updated,
    () => locked({ criteria }),
  );
}

/** @throws WriteConflict when the match was changed meanwhile and the client has named no version */
async function updateMatch(request: FhirRequest, resource: Parsed, { id, version }: CriteriaMatch, namesVersion: boolean) {
  const type = resource.resourceType;
  if (resource.id !== undefined && resource.id !== id) {
    throw fhirError(400, "invalid", `The criteria match ${type}/${id}, but the resource has another id.`, `${type}.id`);
  }
  const answer = rewrite(request, { ...resource, id }, version, true);
  return namesVersion ? answer : asWriteConflict(answer);
}

/** PATCH Type?criteria */
export async function conditionalPatch(request: FhirRequest, type: string): Promise<Answer> {
  const document = await request.body(JSON_PATCH);
  const criteria = criteriaOf(request, type);
  const matches = await matchesOf(request, criteria, 2);
  const [match] = matches;
  if (!match) throw noMatch(type, decodeURIComponent(criteria.slice(type.length + 1)));
  if (matches.length > 1) throw multipleMatches(criteria);
  return patch({ ...request, body: async () => document }, type, match.id);
}

/** DELETE Type?criteria: deletes the one match; several if the server allows it (CONDITIONAL_DELETE=multiple). */
export async function conditionalDelete(request: FhirRequest, type: string): Promise<Answer> {
  const criteria = criteriaOf(request, type);
  const isMultiple = request.conditionalDelete === "multiple";
  const matches = await matchesOf(request, criteria, isMultiple ? MAX_DELETED + 1 : 2);
  const [match] = matches;
  const named = namedVersions(request);
  if (!match) {
    if (preconditionsOf(named).mustExist) throw staleVersion({ type, version: NONE_LIVING });
    return { status: 204 };
  }
  if (matches.length === 1) return remove(request, type, match.id);
  if (!isMultiple) throw multipleMatches(criteria);
  if (request.query.some(([name]) => name === "_count")) {
    throw fhirError(400, "not-supported", "_count does not limit what is deleted, all matches would be: narrow the criteria.", "_count");
  }
  if (matches.length > MAX_DELETED) throw fhirError(400, "too-costly", `More than ${MAX_DELETED} resources match: narrow the criteria.`);
  request.directory.requireTransactions();
  const text = transactionOf(...matches.map(({ id }) => ({ request: { method: "DELETE" as const, url: `${type}/${id}`, ...named } })));
  await transactions.process(request.caller, { text, base: request.base });
  return { status: 204 };
}

async function matchesOf(request: FhirRequest, criteria: string, limit: number): Promise<CriteriaMatch[]> {
  const [found] = await resolveCriteria(request, [criteria], limit);
  return found?.matches ?? [];
}
