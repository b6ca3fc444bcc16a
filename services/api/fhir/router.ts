/** Method and path → interaction (FHIR R4, http.html#summary). What is not there yet answers 501. */
import { fhirError } from "../../../fhir/outcome.ts";
import { isResourceType } from "../../../fhir/search/parameters.ts";
import { noSuchType } from "../../../mixins/fhir/errors.ts";
import type { Answer } from "../http/answer.ts";
import { httpError } from "../http/errors.ts";
import { bundle } from "./bundle.ts";
import { capabilities } from "./capabilities.ts";
import { history } from "./history.ts";
import { FHIR_JSON } from "./refusals.ts";
import type { FhirRequest } from "./request.ts";
import { create, read, remove, update, vread } from "./resource.ts";
import { search } from "./search.ts";

/** What a place answers, by method. */
type Place = Record<string, (() => Promise<Answer>) | undefined>;

/** @param version of the software, for the CapabilityStatement */
export function route(request: FhirRequest, version: string): Promise<Answer> {
  const place = placeOf(request, version);
  const handler = place[request.method];
  if (!handler) {
    const allow = Object.keys(place).flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(", ");
    throw httpError(405, "METHOD_NOT_ALLOWED", `${request.method} is not possible here; ${allow} is.`, { allow });
  }
  return handler();
}

function placeOf(request: FhirRequest, version: string): Place {
  const { path } = request;
  const [type, id, third, fourth, ...rest] = path;
  if (type === undefined) {
    return { POST: () => bundle(request, (entry) => route(entry, version)), GET: () => later("Search over all types") };
  }
  if (type === "metadata" && path.length === 1) {
    return { GET: async () => ({ status: 200, headers: { "Content-Type": FHIR_JSON }, body: capabilities(request.directory, request.base, version) }) };
  }
  if (type === "_history" && path.length === 1) return { GET: () => history(request) };
  if (type === "_search" && path.length === 1) return { POST: () => later("Search over all types") };
  if (type.startsWith("$")) return { GET: () => later(type), POST: () => later(type) };
  if (!isResourceType(type)) throw httpError(404, "NOT_SUPPORTED", `There is nothing at ${shown(path)}: it is no R4 resource type.`);
  if (request.directory.known(type).length === 0) throw noSuchType(type);
  if (rest.length > 0) throw nowhere(path);
  if (id === undefined) return { GET: () => search(request, type), POST: () => create(request, type), PUT: () => later("Conditional update"), DELETE: () => later("Conditional delete"), PATCH: () => later("Conditional patch") };
  if (id === "_search" && third === undefined) return { POST: () => later("Search by POST") };
  if (id === "_history" && third === undefined) return { GET: () => history(request, type) };
  if (id.startsWith("$")) return { GET: () => later(id), POST: () => later(id) };
  if (third === undefined) {
    return { GET: () => read(request, type, id), PUT: () => update(request, type, id), DELETE: () => remove(request, type, id), PATCH: () => later("Patch") };
  }
  if (third === "_history" && fourth === undefined) return { GET: () => history(request, type, id) };
  if (third === "_history" && fourth !== undefined) return { GET: () => vread(request, type, id, fourth) };
  if (third.startsWith("$") && fourth === undefined) return { GET: () => later(third), POST: () => later(third) };
  if (isResourceType(third) || third === "*") return { GET: () => later("Compartment search") };
  throw nowhere(path);
}

const later = async (what: string): Promise<never> => {
  throw fhirError(501, "not-supported", `${what} is not supported yet.`);
};

const shown = (path: string[]): string => path.join("/").slice(0, 200);
const nowhere = (path: string[]) => httpError(404, "NOT_FOUND", `There is nothing at ${shown(path)}.`);
