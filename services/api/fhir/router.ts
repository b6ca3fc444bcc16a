/** Method and path → interaction (FHIR R4, http.html#summary). What is not implemented answers 501. */
import { accessOf, rightsOfCaller } from "../../../mesh/access/access.ts";
import { brokerOf } from "../../../mesh/caller.ts";
import { refuseForbidden } from "../access/authentication.ts";
import { reportUnseen } from "../access/unseen.ts";
import { fhirError } from "../../../fhir/outcome.ts";
import { superfluousCriterion } from "../../../fhir/superfluous-criteria.ts";
import { isId } from "../../../fhir/ids.ts";
import { isResourceType, resourceTypes } from "../../../fhir/search/parameters.ts";
import { parseSearch } from "../../../fhir/search/parse-search.ts";
import { noSuchType } from "../../../federation/errors.ts";
import type { Answer } from "../http/answer.ts";
import { httpError } from "../http/http-error.ts";
import { binaryRequest, contentOf, isForContent } from "./interactions/binary.ts";
import { bundle, type Server } from "./interactions/bundle.ts";
import { capabilities } from "./interactions/capabilities.ts";
import { everything } from "./operations/everything.ts";
import { history } from "./interactions/history.ts";
import { unmodifiedSince } from "./http-dates.ts";
import { inTurn } from "./large-answers.ts";
import { lastN } from "./operations/last-n.ts";
import { operationRequest } from "./operation-input.ts";
import { type FhirRequest, formRequest } from "./request.ts";
import { searchCompartment, searchSystem, searchWholeCompartment } from "./operations/compartment.ts";
import { conditionalDelete, conditionalPatch, conditionalUpdate } from "./interactions/conditional.ts";
import { changeMeta, meta, metaInUse } from "./operations/meta.ts";
import { patch } from "./interactions/patch.ts";
import { prettied, requireJson } from "./presentation.ts";
import { create, read, remove, update, vread } from "./interactions/resource.ts";
import { search } from "./interactions/search.ts";
import { merge } from "./operations/merge.ts";
import { match } from "./operations/match.ts";
import { ofCurrentRecords } from "./replaced-records.ts";
import { sign, verify } from "./operations/sign.ts";
import { validateOperation } from "./operations/validate.ts";

/** The handlers of a path, by method. */
type MethodTable = Record<string, (() => Promise<Answer>) | undefined>;

/** @param version of the software, for the CapabilityStatement */
export async function route(request: FhirRequest, version: string): Promise<Answer> {
  const { caller, method, path } = request;
  refuseForbidden(accessOf(brokerOf(caller)), caller.meta ?? {}, method, path);
  const rights = rightsOfCaller(caller);
  const isContent = isForContent(request);
  const answer = await inTurn(request, (asked) => handlerOf(asked, version, isContent)());
  await reportUnseen(request, rights);
  return isContent ? contentOf(answer) : prettied(request, answer);
}

/**
 * Refuses a request that fails whatever is stored: an unknown path, a wrong method, something not implemented, or a search that cannot be
 * parsed. Calls no service.
 * @throws 400, 404, 405, 501
 */
async function refuseImpossible(request: FhirRequest, version: string): Promise<void> {
  const handler = handlerOf(request, version, isForContent(request));
  if (unsupported.has(handler)) await handler();
  const { path, query, method, base, prefer } = request;
  const [type] = path;
  if (method !== "GET" || type === undefined || path.length > 1 || !isResourceType(type) || query.some(([name]) => name === "_page")) {
    return;
  }
  parseSearch(type, query, { base, handling: prefer.handling ?? "lenient" });
}

function handlerOf(request: FhirRequest, version: string, isContent: boolean): () => Promise<Answer> {
  if (!isContent) requireJson(request);
  refusePart(request);
  const place = placeOf(request, version);
  const handler = place[request.method];
  if (handler) return handler;
  const allow = Object.keys(place)
    .flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]))
    .join(", ");
  throw httpError(405, "METHOD_NOT_ALLOWED", `${request.method} is not possible here; ${allow} is.`, { allow });
}

/** @throws 400 for a part of a body, which would be taken for the whole resource (RFC 9110, 14.5) */
function refusePart({ method, header }: FhirRequest): void {
  if (method !== "PUT" || header("content-range") === undefined) return;
  throw fhirError(
    400,
    "not-supported",
    "A part of a resource (Content-Range) cannot be stored: send it as a whole, or change it by PATCH.",
  );
}

function placeOf(request: FhirRequest, version: string): MethodTable {
  const { path } = request;
  const [type, id, third, fourth, ...rest] = path;
  if (type === undefined) return { POST: () => bundle(request, server(version)), GET: () => searchSystem(request) };
  if (path.length === 1) {
    if (type === "metadata") return { GET: () => capabilities(request, version) };
    if (type === "_history") return { GET: () => history(request) };
    if (type === "_search") return byForm(request, searchSystem);
    if (type === "$meta") return query(request, metaInUse);
    if (OPERATION.test(type)) return later(type);
  }
  if (!isResourceType(type)) throw noType(path, type);
  if (request.directory.known(type).length === 0) throw noSuchType(type);
  if (id === undefined) return typePlace(type === "Binary" ? binaryRequest(request) : request, type);
  if (third === undefined) {
    return id.startsWith("_") || id.startsWith("$")
      ? operationOnType(request, type, id)
      : instancePlace(type === "Binary" ? binaryRequest(request, id) : request, type, id);
  }
  if (third === "_history" && path.length === 5 && rest[0] === "$meta") return query(request, (asked) => meta(asked, type, id, fourth));
  if (rest.length > 0) throw nowhere(path);
  if (third === "_history") return { GET: () => (fourth === undefined ? history(request, type, id) : vread(request, type, id, fourth)) };
  if (third.startsWith("$") && fourth === undefined) return operationOnInstance(request, type, id, third);
  const inCompartment = (asked: FhirRequest) => searchCompartment(asked, type, asked.path[1] ?? id, third);
  if (third === "*" && fourth === undefined) {
    return { GET: () => ofCurrentRecords(request, (asked) => searchWholeCompartment(asked, type, asked.path[1] ?? id)) };
  }
  if (isResourceType(third) && fourth === undefined) return { GET: () => ofCurrentRecords(request, inCompartment) };
  if (isResourceType(third) && fourth === "_search") return byForm(request, (asked) => ofCurrentRecords(asked, inCompartment));
  throw nowhere(path);
}

const typePlace = (request: FhirRequest, type: string): MethodTable => ({
  GET: () => ofCurrentRecords(request, (asked) => search(asked, type)),
  POST: () => create(request, type),
  PUT: async () => conditionalUpdate(withoutDate(request), type),
  PATCH: async () => conditionalPatch(withoutDate(request), type),
  DELETE: async () => conditionalDelete(withoutDate(request), type),
});

/** @throws 400 for If-Unmodified-Since, which would be ignored: criteria name no resource that the client has read */
function withoutDate(request: FhirRequest): FhirRequest {
  if (request.header("if-unmodified-since") === undefined) return request;
  throw fhirError(
    400,
    "not-supported",
    "If-Unmodified-Since is not possible with criteria: name the version by If-Match, or the resource by its id.",
  );
}

const instancePlace = (request: FhirRequest, type: string, id: string): MethodTable => ({
  GET: () => read(request, type, id),
  PUT: async () => update(await unmodifiedSince(withoutCriteria(request), type, id), type, id),
  PATCH: async () => patch(await unmodifiedSince(withoutCriteria(request), type, id), type, id),
  DELETE: async () => {
    withoutCriteria(request);
    // An invalid id never existed; without this, its deletion would succeed like that of any missing resource.
    if (!isId(id)) throw nowhere(request.path);
    return remove(await unmodifiedSince(request, type, id), type, id);
  },
});

/** @throws 400 for search criteria, which would be ignored */
function withoutCriteria(request: FhirRequest): FhirRequest {
  const [type = ""] = request.path;
  const superfluous = superfluousCriterion(
    type,
    request.query.map(([name]) => name),
  );
  if (superfluous) throw fhirError(400, "invalid", superfluous.diagnostics, superfluous.name);
  return request;
}

function operationOnType(request: FhirRequest, type: string, name: string): MethodTable {
  if (name === "_search") return byForm(request, (asked) => ofCurrentRecords(asked, (now) => search(now, type)));
  if (name === "_history") return { GET: () => history(request, type) };
  if (name === "$validate") return { POST: () => validateOperation(request, type) };
  if (name === "$meta") return query(request, (asked) => metaInUse(asked, type));
  if (name === "$everything" && type === "Patient") return query(request, (asked) => everything(asked, type));
  if (name === "$merge" && type === "Patient") return { POST: () => merge(request) };
  if (name === "$match" && type === "Patient") return { POST: () => match(request) };
  if (name === "$lastn" && type === "Observation") return query(request, (asked) => ofCurrentRecords(asked, lastN));
  if (!OPERATION.test(name)) throw nowhere(request.path);
  return later(`${type}/${name}`);
}

function operationOnInstance(request: FhirRequest, type: string, id: string, name: string): MethodTable {
  if (name === "$meta") return query(request, (asked) => meta(asked, type, id));
  if (name === "$meta-add") return { POST: async () => changeMeta(await unmodifiedSince(request, type, id), type, id, "add") };
  if (name === "$meta-delete") return { POST: async () => changeMeta(await unmodifiedSince(request, type, id), type, id, "delete") };
  if (name === "$sign") return { POST: async () => sign(await unmodifiedSince(request, type, id), type, id) };
  if (name === "$verify") return query(request, (asked) => verify(asked, type, id));
  if (name === "$validate") return { GET: () => validateOperation(request, type, id), POST: () => validateOperation(request, type, id) };
  if (name === "$everything" && (type === "Patient" || type === "Encounter")) return query(request, (asked) => everything(asked, type, id));
  if (!OPERATION.test(name)) throw nowhere(request.path);
  return later(`${type}/id/${name}`);
}

/** An operation that changes nothing, by GET, or by POST with Parameters (R4, operations.html#executing). */
const query = (request: FhirRequest, ask: (request: FhirRequest) => Promise<Answer>): MethodTable => ({
  GET: () => ask(request),
  POST: async () => presented(await operationRequest(request), ask),
});

/** A search by POST; by GET at the same address for clients that send it so, as HAPI's may (`GET_WITH_SEARCH`). */
const byForm = (request: FhirRequest, ask: (request: FhirRequest) => Promise<Answer>): MethodTable => ({
  GET: () => ask(request),
  POST: async () => presented(await formRequest(request), ask),
});

/** The parameters in the body may also ask for a format of the answer. */
async function presented(request: FhirRequest, ask: (request: FhirRequest) => Promise<Answer>): Promise<Answer> {
  requireJson(request);
  return prettied(request, await inTurn(request, ask));
}

/** A name that an operation can have, or one of FHIR's own words with an underscore. */
const OPERATION = /^[$_][a-z][A-Za-z-]{0,63}$/;

/** Handlers that always answer 501. */
const unsupported = new WeakSet<() => Promise<Answer>>();

function later(what: string): MethodTable {
  const refuse = async (): Promise<never> => {
    throw fhirError(501, "not-supported", `${what} is not supported yet.`);
  };
  unsupported.add(refuse);
  return { GET: refuse, POST: refuse };
}

/** Handles the entries of bundles. */
const server = (version: string): Server => ({
  answer: (entry) => route(entry, version),
  refuseImpossible: (entry) => refuseImpossible(entry, version),
});

const typesByWord = new Map(resourceTypes.map((type) => [type.toLowerCase(), type]));

function noType(path: string[], word: string): Error {
  const meant = typesByWord.get(word.toLowerCase()) ?? typesByWord.get(word.toLowerCase().replace(/s$/, ""));
  const hint = meant === undefined ? "" : `; ${meant} is one`;
  return httpError(404, "NOT_SUPPORTED", `There is nothing at ${shown(path)}: it is no R4 resource type${hint}.`);
}

const shown = (path: string[]): string => path.join("/").slice(0, 200);
const nowhere = (path: string[]) => httpError(404, "NOT_FOUND", `There is nothing at ${shown(path)}.`);
