/** Interactions on one resource: create, read, vread, update, delete (FHIR R4, http.html). */
import { v7 as timeOrderedId } from "uuid";
import { localReferences, refuseLinksOutside } from "../../../../fhir/bundle/replace-links.ts";
import { noneExistCriteria } from "../../../../fhir/search/condition.ts";
import { isResultParameter } from "../../../../fhir/search/result-parameters.ts";
import { etagOf, isNamedBy } from "../../../../fhir/etag.ts";
import { isId } from "../../../../fhir/ids.ts";
import { NONE_LIVING, preconditionsOf, requiredVersions } from "../../../../fhir/preconditions.ts";
import { parseInput } from "../../../../fhir/json.ts";
import { sizeLimitsOf } from "../../../../fhir/resource-size.ts";
import { fhirError, outcome } from "../../../../fhir/outcome.ts";
import { ownerOf, type OwnerStep, type ShownResource, type StepResult } from "../../../../federation/owner-contract.ts";
import { gone, isType, locked, resourceOfType, staleVersion, versionNotFound } from "../../../../federation/errors.ts";
import { resolveCriteria } from "../../../../federation/resolve-criteria.ts";
import { asWriteConflict, retryOnConflict } from "../../../../federation/retry-on-conflict.ts";
import { writeToOwner } from "../../../../federation/write-to-owner.ts";
import { deletesPart, isSeen, updatesPart } from "../../../../federation/seen.ts";
import { readResource, readVersion } from "../../../../federation/read.ts";
import type { StoredResource } from "../../../../store/store.ts";
import type { NoneExist } from "../../../../store/writes.ts";
import { type EntryResult, type TransactionEntry, transactionOf, transactions } from "../../../transactions/transactions.contract.ts";
import { reportUnseenDeletion } from "../../access/unseen.ts";
import type { Answer } from "../../http/answer.ts";
import { subsetOfRead, subsetText } from "../presentation.ts";
import { isNewer } from "../http-dates.ts";
import { FHIR_JSON } from "../media-types.ts";
import { outsideBundle } from "../fhir-refusals.ts";
import { type FhirRequest, namedVersions } from "../request.ts";

/** GET Type/id */
export async function read(request: FhirRequest, type: string, id: string): Promise<Answer> {
  const stored = await readResource(request, type, id);
  return notModified(request, stored) ?? resourceAnswer(200, stored, subsetText(stored.json, subsetOfRead(request)));
}

/** GET Type/id/_history/version */
export async function vread(request: FhirRequest, type: string, id: string, version: string): Promise<Answer> {
  const stored = await readVersion(request, type, id, versionNamed(type, id, version));
  if (stored.json === undefined) throw gone(type, id, stored.version);
  return notModified(request, stored) ?? resourceAnswer(200, stored, subsetText(stored.json, subsetOfRead(request)));
}

/** @throws 404 NOT_FOUND for an invalid version */
export function versionNamed(type: string, id: string, version: string): number {
  if (!/^[1-9]\d{0,8}$/.test(version)) throw versionNotFound(type, id, version);
  return Number(version);
}

/** POST Type, with If-None-Exist a conditional create */
export async function create(request: FhirRequest, type: string): Promise<Answer> {
  const { caller, directory } = request;
  const text = await request.body();
  refuseLinksOutside(text);
  const ifNoneExist = request.header("if-none-exist") ?? criteriaInQuery(request);
  const id = timeOrderedId();
  // For a type with several owners, only the owner of this content must be alive.
  const ownerOfText = () => directory.ownerFor(type, directory.isByContent(type) ? parsed(text, type) : {});
  if (ifNoneExist === undefined) {
    const owner = ownerOfText();
    return written(request, type, id, await one(request, owner, { op: "create", type, id, text }));
  }
  const criteria = noneExistCriteria(ifNoneExist, type, request.bases);
  const owners = directory.ownersOf(type);
  const [found] = owners.length > 1 ? [] : await resolveCriteria(request, [`${type}?${criteria}`], type === "Patient" ? 2 : 1);
  // Several patient records may be one person's, which a transaction finds out.
  if (!found || found.matches.length > 1) {
    return throughTransaction(request, { resource: parsed(text, type), request: { method: "POST", url: type, ifNoneExist: criteria } });
  }
  const owner = ownerOfText();
  const result = await one(request, owner, { op: "create", type, id, text, ifNoneExist: found.condition });
  if (result.outcome === "existed") {
    const stored = await ownerOf(owner).read(caller, { type, id: result.id });
    return written(request, type, result.id, {
      ...result,
      ...(stored?.json !== undefined && { json: stored.json, updated: stored.updated }),
    });
  }
  return written(request, type, id, result);
}

/** `POST Type?criteria` does not exist in R4; some clients send it for a conditional create, and it can mean nothing else. */
function criteriaInQuery({ query }: FhirRequest): string | undefined {
  const criteria = query.filter(([name]) => !isResultParameter(name));
  if (criteria.length === 0) return undefined;
  return criteria.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
}

/** The text with references to this server, by any of its names, made relative. @throws FhirError as `localReferences` */
export const withLocalReferences = ({ bases }: Pick<FhirRequest, "bases">, text: string): string => localReferences(text, bases);

/** PUT Type/id */
export async function update(request: FhirRequest, type: string, id: string): Promise<Answer> {
  if (!isId(id)) throw fhirError(400, "value", `"${id.slice(0, 100)}" is not a legal id: letters, digits, - and . only, at most 64.`);
  const { directory } = request;
  const text = await request.body();
  const resource = parsed(text, type);
  refuseLinksOutside(resource);
  if (resource.id !== id) throw fhirError(400, "invalid", `The resource's id must be "${id}", as in the URL.`, `${type}.id`);
  const named = namedVersions(request);
  const preconditions = preconditionsOf(named);
  const required = requiredVersions(preconditions);
  if (required?.length === 0) throw staleVersion({ type, id });
  const owner = directory.ownerFor(type, resource);
  const isShared = directory.isShared(type);
  const entry: TransactionEntry = { resource, request: { method: "PUT", url: `${type}/${id}`, ...named } };
  // The owner of the content need not be the one that holds the resource, and so cannot say whether the caller sees it.
  if ((isShared && updatesPart(request.caller, type)) || preconditions.excluded) return throughTransaction(request, entry);
  // Without a given version, a missing resource must not be created if it is required to exist.
  const upsert = !isShared && (!preconditions.mustExist || preconditions.versions !== undefined);
  const step: OwnerStep = { op: "update", type, id, text, upsert, keepsLabels: true, ...(required && { ifVersion: required }) };
  try {
    return written(request, type, id, await one(request, owner, step));
  } catch (error) {
    const isNowhere = isType(error, "NOT_FOUND");
    if (!isShared) throw isNowhere ? staleVersion({ type, id, version: NONE_LIVING }) : error;
    // Usually the resource is at the owner of its content; if it is not there, or is moving, it may have to move.
    if (!isNowhere && !isType(error, "STALE_VERSION") && !isType(error, "LOCKED")) throw error;
    return throughTransaction(request, entry);
  }
}

/** DELETE Type/id; deleting what does not exist succeeds (R4, http.html#delete), unless If-Match requires it to exist */
export async function remove(request: FhirRequest, type: string, id: string): Promise<Answer> {
  const owners = request.directory.ownersOf(type);
  const named = namedVersions(request);
  const preconditions = preconditionsOf(named);
  const ifVersion = requiredVersions(preconditions);
  if (owners.length > 1 || preconditions.excluded) {
    return throughTransaction(request, { request: { method: "DELETE", url: `${type}/${id}`, ...named } });
  }
  if (deletesPart(request.caller, type) && !(await isSeen(request, type, id))) {
    if (preconditions.mustExist) throw staleVersion({ type, id, version: NONE_LIVING });
    reportUnseenDeletion(request, type, id);
    return { status: 204 };
  }
  const step: OwnerStep = { op: "delete", type, id, ...(ifVersion && { ifVersion }) };
  const deleted = () => one(request, owners[0] as string, step);
  // An owner's rule may be based on the version that it has read (wards: the bed must be empty); the client has named none.
  const result = ifVersion
    ? await deleted()
    : await retryOnConflict(
        () => [`${type}/${id}`],
        () => asWriteConflict(deleted()),
        () => locked({ type, id }),
      );
  if (preconditions.mustExist && result.outcome === "none") throw staleVersion({ type, id, version: NONE_LIVING });
  return { status: 204, headers: result.version > 0 ? { ETag: etagOf(result.version) } : {} };
}

async function one(request: FhirRequest, owner: string, sent: OwnerStep): Promise<StepResult> {
  const step = "text" in sent ? { ...sent, text: withLocalReferences(request, sent.text) } : sent;
  const [result] = await writeToOwner(request.caller, owner, { steps: [step], representation: wantsResource(request) });
  return result as StepResult;
}

/**
 * Replaces the content of a resource that was read.
 * @param keepsLabels keeps tags and security labels that the new content omits
 * @throws 412 STALE_VERSION when its version has changed since
 */
export async function rewrite(
  request: FhirRequest,
  resource: Parsed & { id: string },
  version: number,
  keepsLabels = false,
): Promise<Answer> {
  const { resourceType: type, id } = resource;
  if (request.directory.isShared(type)) {
    const entry: TransactionEntry = { resource, request: { method: "PUT", url: `${type}/${id}`, ifMatch: etagOf(version) } };
    return throughTransaction(request, entry, keepsLabels);
  }
  const text = JSON.stringify(resource);
  const step: OwnerStep = { op: "update", type, id, text, ifVersion: [version], upsert: false, keepsLabels };
  return written(request, type, id, await one(request, request.directory.ownerFor(type, resource), step));
}

/** Creates a resource unless something matches by now; undefined if it does. */
export async function createUnless(request: FhirRequest, resource: Parsed, ifNoneExist: NoneExist): Promise<Answer | undefined> {
  const { resourceType: type } = resource;
  const id = typeof resource.id === "string" ? resource.id : timeOrderedId();
  if (!isId(id)) throw fhirError(400, "value", "The resource's id is not legal: letters, digits, - and . only, at most 64.", `${type}.id`);
  const owner = request.directory.ownerFor(type, resource);
  const result = await one(request, owner, { op: "create", type, id, text: JSON.stringify(resource), ifNoneExist });
  return result.outcome === "existed" ? undefined : written(request, type, id, result);
}

/** Whatever concerns several owners is a transaction, also for a single resource. @param keepsLabels as for `rewrite` */
export async function throughTransaction(request: FhirRequest, entry: TransactionEntry, keepsLabels = true): Promise<Answer> {
  request.directory.requireTransactions();
  const text = withLocalReferences(request, transactionOf(entry));
  const sent = { text, base: request.base, representation: wantsResource(request), keepsLabels, isAlone: true };
  const [result] = await transactions.process(request.caller, sent).catch((error: unknown) => {
    throw outsideBundle(error, entry.request.url.split(/[/?]/, 1)[0] as string);
  });
  const { status, type, id, ...rest } = result as EntryResult;
  const found = entry.request.method === "POST" ? "existed" : "updated";
  if (status === 204 && rest.version === 0) reportUnseenDeletion(request, type);
  if (status === 204) return { status, headers: rest.version > 0 ? { ETag: etagOf(rest.version) } : {} };
  return written(request, type, id, { ...rest, id, outcome: status === 201 ? "created" : found });
}

const wantsResource = ({ prefer }: FhirRequest): boolean => prefer.return === undefined || prefer.return === "representation";

function written(request: FhirRequest, type: string, id: string, { outcome: what, version, updated, json }: StepResult): Answer {
  const status = what === "created" ? 201 : 200;
  const headers: Record<string, string> = { ETag: etagOf(version), "Last-Modified": new Date(updated).toUTCString() };
  // Also for an update: clients take id and version from there (R4 has it for a 201 only).
  const place = `${request.base}/${type}/${id}/_history/${version}`;
  headers.Location = place;
  headers["Content-Location"] = place;
  if (json !== undefined && wantsResource(request)) {
    return { status, headers: { ...headers, "Content-Type": FHIR_JSON }, body: json, updated };
  }
  if (request.prefer.return === "OperationOutcome") {
    const body = JSON.stringify(
      outcome({ severity: "information", code: "informational", diagnostics: `${type}/${id} is at version ${version}.` }),
    );
    return { status, headers: { ...headers, "Content-Type": FHIR_JSON }, body, updated };
  }
  return { status, headers, updated };
}

function resourceAnswer(status: number, { version, updated }: StoredResource, body: string): Answer {
  const headers = { "Content-Type": FHIR_JSON, ETag: etagOf(version), "Last-Modified": new Date(updated).toUTCString() };
  return { status, headers, body, updated };
}

/** Conditional read (R4, http.html#cread). */
function notModified(request: FhirRequest, { version, updated, isDerived }: ShownResource): Answer | undefined {
  if (isDerived) return undefined;
  const ifNoneMatch = request.header("if-none-match");
  const since = request.header("if-modified-since");
  // With both, the entity tag decides (RFC 9110, 13.1.3).
  const isKnown = ifNoneMatch !== undefined ? isNamedBy(ifNoneMatch, version) : since !== undefined && isNewer(updated, since) === false;
  return isKnown
    ? { status: 304, headers: { ETag: etagOf(version), "Last-Modified": new Date(updated).toUTCString() }, updated }
    : undefined;
}

/** A resource as sent by a client. */
export type Parsed = { resourceType: string; id?: unknown } & Record<string, unknown>;

/** The body as a resource of the type in the URL. @throws FhirError 400, 413 */
export function parsed(text: string, type: string): Parsed {
  return resourceOfType(parseInput(text, sizeLimitsOf(type).parts), type);
}
