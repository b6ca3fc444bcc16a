/** Errors between the gateway and the owners of FHIR data. They keep their code and type when sent between nodes. */
import { Errors } from "moleculer";
import { ERROR_TYPES, fhirError, type Issue } from "../fhir/outcome.ts";
import type { Resource } from "../fhir/resource.ts";
import { StoreError, StoreErrorType } from "../store/store-error.ts";

const { MoleculerClientError, MoleculerRetryableError } = Errors;

/** 404: no service in this mesh owns the type. */
export const noSuchType = (type: string) => new MoleculerClientError(`No running service serves ${type}.`, 404, "NOT_SUPPORTED", { type });

/** This mesh has no coordinator of transactions. */
export const noTransactions = () =>
  new MoleculerClientError(
    "No running service carries out transactions (a write at two services is a transaction, too); a batch works.",
    404,
    "NOT_SUPPORTED",
  );

/** 503: the owner of the type is known, but none of its nodes is alive. @param service the owner, if it is one of several */
export const ownerDown = (type: string, service?: string) =>
  new MoleculerRetryableError(`The service that owns ${type} is down; try again in a moment.`, 503, "OWNER_DOWN", {
    type,
    ...(service !== undefined && { service }),
  });

/** 503: the service belongs to the system, but none of its nodes is alive. */
export const serviceDown = (service: string) =>
  new MoleculerRetryableError(`The service ${service} is down; try again in a moment.`, 503, "SERVICE_DOWN", { service });

/** @param criteria the query after `Type?`, in readable form */
export const noMatch = (type: string, criteria: string) =>
  new MoleculerClientError(`No ${type} matches ${criteria}.`, 404, "NOT_FOUND", { type });

/** `data.id` is the logical id. */
export const notFound = (type: string, id: string) =>
  new MoleculerClientError(`There is no ${type} with the id ${id}.`, 404, "NOT_FOUND", { type, id });

/** 404: no such version, or no such resource at all. */
export const versionNotFound = (type: string, id: string, version: number | string) =>
  new MoleculerClientError(`There is no version ${version} of ${type}/${id}.`, 404, "NOT_FOUND", {
    type,
    id: `${id}/_history/${version}`,
  });

/** 410: the resource was deleted; `version` is that of the deletion. */
export const gone = (type: string, id: string, version: number) =>
  new MoleculerClientError(`${type}/${id} was deleted.`, 410, "GONE", { type, id, version });

/** 412: the version in If-Match, or the one that an action has read, is no longer the current one. `data.version` is; 0: there is none. */
export const staleVersion = (data: Record<string, unknown>) =>
  new MoleculerClientError(
    data.version === 0
      ? "The resource does not exist in any version."
      : "The resource has changed meanwhile: read it again, and repeat the change on the new version.",
    412,
    "STALE_VERSION",
    data,
  );

/** Message of a conditional interaction that matches several resources. */
export const severalMatch = (criteria: string): string => `More than one resource matches ${criteria}: narrow the criteria.`;

/** 412: a conditional interaction must match at most one resource. */
export const multipleMatches = (criteria: string) =>
  new MoleculerClientError(severalMatch(criteria), 412, "MULTIPLE_MATCHES", { criteria });

/** 409: another transaction has locked the resource; a retry may succeed in a moment. */
export const locked = (data: Record<string, unknown>) =>
  new MoleculerRetryableError("Another transaction is changing the same resource: try again.", 409, "LOCKED", data);

/** An issue with the resource of one step of a write. */
export type IssueOfStep = Issue & { step: number };

/** The resource's type differs from that in the URL, or from its place in a transaction. `data.step` is the index of the step. */
const wrongResourceType = (wanted: string, given: string, step: number) =>
  new MoleculerClientError(
    `The request writes a ${wanted}, but the resource is a ${given.slice(0, 64)}: check resourceType.`,
    400,
    "WRONG_RESOURCE_TYPE",
    { type: wanted, step },
  );

/**
 * The parsed value as a resource of the type in the URL, or of its place in a transaction.
 * @throws FhirError 400 if it is not a JSON object; 400 WRONG_RESOURCE_TYPE
 */
export function resourceOfType(parsed: unknown, type: string, step = 0): Resource {
  if (parsed === null || typeof parsed !== "object" || Array.isArray(parsed)) {
    throw fhirError(400, "structure", "The body must be a FHIR resource, a JSON object.");
  }
  const { resourceType } = parsed as { resourceType?: unknown };
  if (resourceType !== type) throw wrongResourceType(type, typeof resourceType === "string" ? resourceType : "resource of no type", step);
  return parsed as Resource;
}

/** 422: resources that are not valid, with every issue of every step. */
export const invalidResource = (issues: IssueOfStep[], step: number) =>
  new MoleculerClientError("The resource is not valid.", 422, "INVALID_RESOURCE", { issues, step });

/** 405: resources of this type are never changed. */
export const appendOnly = (type: string, step: number) =>
  new MoleculerClientError(`${type} is written by the system alone, and nobody changes or deletes it.`, 405, "APPEND_ONLY", { type, step });

/** 422: an element names an author other than the signed-in person. */
export const forgedAuthor = (issues: IssueOfStep[], step: number) =>
  new MoleculerClientError("A resource names another person than you as its author.", 422, "FORGED_AUTHOR", { issues, step });

/** 422: the id is reserved for the Provenance that the system derives from a version's author. */
export const reservedId = (id: string, step: number) =>
  new MoleculerClientError(
    "Ids of this form are for Provenances that the system makes by itself: store yours under another id.",
    422,
    "RESERVED_ID",
    {
      id,
      step,
    },
  );

/** 409: the effect of this event is already stored. */
export const alreadyHandled = (data: Record<string, unknown>) =>
  new MoleculerClientError("This event was handled already.", 409, "ALREADY_HANDLED", data);

/** 503: the owner's store is not usable at the moment; `step` is the index of the step at which that was noticed. */
const storeUnavailable = (service: string, step?: number) =>
  new MoleculerRetryableError(`The store of ${service} cannot be used at the moment; try again later.`, 503, "STORE_UNAVAILABLE", {
    service,
    step,
  });

/** 507: the disk of the owner's store is full. */
const storeIsFull = (service: string, step?: number) =>
  new MoleculerRetryableError(`The store of ${service} is full: stored data can be read, but nothing new is stored.`, 507, "STORE_FULL", {
    service,
    step,
  });

/** 413: the document database does not accept a resource of this size. `data.limit`: bytes. */
const resourceTooLarge = (data: Record<string, unknown>) =>
  new MoleculerClientError(
    `The resource is too large for the database: with its search values it may have ${data["limit"]} bytes. Divide it, or store a document outside and refer to it.`,
    413,
    "RESOURCE_TOO_LARGE",
    data,
  );

/** The error for the caller of a write that the store has refused. `data.step` is the index of the refused step. */
export function fromStoreError(error: unknown, service: string): unknown {
  if (!(error instanceof StoreError)) return error;
  const data = { ...error.data, step: error.step };
  const {
    staleVersion: stale,
    notFound: missing,
    idTaken,
    multipleMatches: multiple,
    locked: held,
    counterBelow,
    alreadyHandled: handled,
    eventTooLarge,
    transactionEnded: ended,
    factsOutdated,
    tooCostly,
    tooLarge,
    notSupported,
    unavailable,
    full,
  } = StoreErrorType;
  switch (error.type) {
    case stale:
      return staleVersion(data);
    case missing:
      return new MoleculerClientError("There is no such resource.", 404, "NOT_FOUND", data);
    case idTaken:
      return new MoleculerClientError("The id is taken.", 409, "ID_TAKEN", data);
    case multiple:
      return new MoleculerClientError(severalMatch("the criteria"), 412, "MULTIPLE_MATCHES", data);
    case held:
      return locked(data);
    case counterBelow:
      return new MoleculerClientError("The quantity is not available.", 409, "COUNTER_BELOW", data);
    case handled:
      return alreadyHandled(data);
    case eventTooLarge:
      return new MoleculerClientError("The event is too large: send references to its data instead.", 413, "EVENT_TOO_LARGE", data);
    case ended:
      return new MoleculerClientError("The transaction was aborted before this part arrived.", 409, "TRANSACTION_ENDED", data);
    case factsOutdated:
      return new MoleculerRetryableError("The data on which the write was decided have changed: try again.", 409, "FACTS_OUTDATED", data);
    case tooCostly:
      return new MoleculerClientError("The conditions match too much: narrow them, or send the bundle in parts.", 422, "TOO_COSTLY", data);
    case tooLarge:
      return resourceTooLarge(data);
    case notSupported:
      return new MoleculerClientError(String(error.data.reason), 501, "NOT_SUPPORTED");
    case unavailable:
      return storeUnavailable(service, error.step);
    case full:
      return storeIsFull(service, error.step);
    default:
      return keyHeld(error, data);
  }
}

/** 409 with the type that the service has given its unique key; told like the refusal of a rule. */
function keyHeld({ type, step }: StoreError, { says, ...data }: Record<string, unknown>): Error {
  const { holder, at } = data;
  const taken = typeof says === "string" ? says : "Another resource has this already: change that one first.";
  const message = `${taken} The other one is ${String(holder)}.`;
  const details = { coding: [{ system: ERROR_TYPES, code: type }] };
  const expression = typeof at === "string" && { expression: [at] };
  const issue = { severity: "error", code: "business-rule", details, diagnostics: message, ...expression, step };
  return new MoleculerClientError(message, 409, type, { ...data, issues: [issue] });
}

/** Whether it is a Moleculer error of this type, also after it was sent between nodes and became a plain Error. */
export const isType = (error: unknown, type: string): boolean => error instanceof Error && (error as { type?: string }).type === type;

/** Whether it failed because something else is down or busy, so that a retry may succeed. Store errors count as what they mean to callers. */
export function isRetryable(error: unknown): boolean {
  const { retryable, code } = (fromStoreError(error, "") ?? {}) as { retryable?: boolean; code?: number };
  return retryable === true || code === 503 || code === 504;
}
