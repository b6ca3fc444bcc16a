/**
 * The entries of a batch or transaction in parsed form, with their urls split
 * (FHIR R4, http.html#transaction and bundle.html#bundle-unique). Pure.
 */
import { comparableUri } from "./uris.ts";
import { FhirError, type Issue } from "../outcome.ts";
import { behindBase } from "../own-address.ts";
import type { Resource } from "../resource.ts";
import { noneExistCriteria } from "../search/condition.ts";
import { isResourceType } from "../search/parameters.ts";
import { superfluousCriterion } from "../superfluous-criteria.ts";
import { isId, REFERENCE_PATTERN } from "../ids.ts";

/** The methods of an entry's request. */
export type EntryMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One entry in parsed form. */
export interface BundleEntry {
  /** Position in the bundle; the response has the same. */
  index: number;
  method: EntryMethod;
  /** Path and query without leading slash and server base. */
  url: string;
  /** Absent if the request is not about one type, e.g. a GET of `metadata`. */
  type?: string;
  id?: string;
  /** `$validate`: a POST that calls an operation; `_search`: one that searches. */
  operation?: string;
  /** Part after the `?`; absent if there is none. */
  query?: string;
  fullUrl?: string;
  resource?: Resource;
  ifMatch?: string;
  ifNoneMatch?: string;
  ifModifiedSince?: string;
  /** Search criteria of a conditional create, without type, each plus in them as %2B. */
  ifNoneExist?: string;
}

/** A bundle as it was sent, unchecked. */
export type RequestBundle = Resource & { type?: unknown; entry?: unknown };

/** A bundle with more entries is refused with 413; its bytes are bounded by the limit of the body. */
const MAX_ENTRIES = 10_000;

// A misspelt member would silently change the effect: `ifNoneExists` creates a duplicate, `entries` does nothing.
const BUNDLE_MEMBERS = new Set(
  "resourceType id meta implicitRules language identifier type timestamp total link entry signature".split(" "),
);
const ENTRY_MEMBERS = new Set("id extension modifierExtension link fullUrl resource search request response".split(" "));
const REQUEST_MEMBERS = new Set("id extension modifierExtension method url ifNoneMatch ifModifiedSince ifMatch ifNoneExist".split(" "));

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);
const WITH_BODY = new Set(["POST", "PUT", "PATCH"]);
/** A url of an entry that begins with a resource. */
const RESOURCE = new RegExp(String.raw`^${REFERENCE_PATTERN}(?:$|\?|/\$)`);

/**
 * Checks and parses all entries.
 *
 * @param bases the server's base URLs, without a slash at their end: request urls under them count as relative
 * @throws FhirError 400 with an issue for every faulty entry, 413 for too many
 */
export function entriesOf(bundle: RequestBundle, bases: readonly string[]): BundleEntry[] {
  const entries: BundleEntry[] = [];
  const faults: Issue[] = [];
  for (const [index, item] of itemsOf(bundle).entries()) {
    const found = entryOf(item, index, bases);
    if ("fault" in found) faults.push(found.fault);
    else entries.push(found);
  }
  if (faults.length > 0) throw new FhirError(400, faults);
  return entries;
}

/**
 * The entries, unchecked.
 * @throws FhirError 400 if it has not the form of a bundle, 413 for too many entries
 */
export function itemsOf(bundle: RequestBundle): unknown[] {
  const stray = strayMember(bundle, BUNDLE_MEMBERS);
  if (stray !== undefined) throw new FhirError(400, [unknownMember("Bundle", stray)]);
  const raw = bundle.entry ?? [];
  if (!Array.isArray(raw)) throw new FhirError(400, [fault("Bundle.entry must be an array.", "Bundle.entry")]);
  if (raw.length > MAX_ENTRIES) {
    const diagnostics = `A bundle may have ${MAX_ENTRIES} entries, this one has ${raw.length}: send it in parts.`;
    throw new FhirError(413, [{ severity: "error", code: "too-long", diagnostics, expression: ["Bundle.entry"] }]);
  }
  return raw as unknown[];
}

/** An entry whose members are known and of the right types; its resource is not checked yet. */
interface FormedEntry {
  request: { method: EntryMethod; url: string } & Pick<BundleEntry, "ifMatch" | "ifNoneMatch" | "ifNoneExist" | "ifModifiedSince">;
  resource?: unknown;
  fullUrl?: string;
}

function entryOf(item: unknown, index: number, bases: readonly string[]): BundleEntry | { fault: Issue } {
  const at = `Bundle.entry[${index}]`;
  const misformed = formFault(item, at);
  if (misformed) return { fault: misformed };
  const { request, resource, fullUrl } = item as FormedEntry;
  const { method } = request;
  const url = (behindBase(request.url, bases) ?? request.url).replace(/^\//, "");
  const [path = "", query] = split(url, "?");
  const entry: BundleEntry = {
    index,
    method,
    url,
    ...(query !== undefined && { query }),
    ...(fullUrl !== undefined && { fullUrl }),
    ...pick(request, CONDITIONS),
  };
  if (method === "GET" || method === "HEAD") return entry;
  const operation = method === "POST" ? path.split("/").find((part) => part.startsWith("$") || part === "_search") : undefined;
  if (operation === "_search" && resource !== undefined) {
    return { fault: fault("The criteria of a search are in request.url.", `${at}.resource`) };
  }
  if (operation !== undefined) {
    if (resource !== undefined && !isObject(resource)) return { fault: fault("resource must be an object.", `${at}.resource`) };
    return { ...entry, operation, ...(resource !== undefined && { resource: resource as Resource }) };
  }
  const place = placeOf(path, url, at);
  if ("fault" in place) return place;
  const unfit = WITH_BODY.has(method) ? bodyFault(resource, method, place.type, at) : undefined;
  if (unfit) return { fault: unfit };
  const whole = { ...entry, ...place, ...(WITH_BODY.has(method) && { resource: resource as Resource }) };
  const misplaced = targetFault(whole, at) ?? addressFault(whole, bases, at);
  if (misplaced) return { fault: misplaced };
  return method === "POST" && entry.ifNoneExist !== undefined ? withCriteria(whole, entry.ifNoneExist, bases, at) : whole;
}

/** Members of a request that are preconditions, each a string. */
const CONDITIONS = ["ifMatch", "ifNoneMatch", "ifNoneExist", "ifModifiedSince"] as const;

/** The reason for which an entry is no `FormedEntry`. */
function formFault(item: unknown, at: string): Issue | undefined {
  if (!isObject(item)) return fault("An entry must be an object.", at);
  const { request, fullUrl } = item;
  const stray = strayMember(item, ENTRY_MEMBERS);
  if (stray !== undefined) return unknownMember(at, stray);
  if (!isObject(request)) return fault("The entry has no request: say what to do by request.method and request.url.", `${at}.request`);
  const strayInRequest = strayMember(request, REQUEST_MEMBERS);
  if (strayInRequest !== undefined) return unknownMember(`${at}.request`, strayInRequest);
  const { method, url } = request;
  if (typeof method !== "string" || !METHODS.has(method)) {
    return fault("request.method must be one of GET, HEAD, POST, PUT, PATCH, DELETE.", `${at}.request.method`);
  }
  if (typeof url !== "string") return fault("request.url must be given.", `${at}.request.url`);
  if (fullUrl !== undefined && typeof fullUrl !== "string") return fault("fullUrl must be a string.", `${at}.fullUrl`);
  const odd = CONDITIONS.find((name) => request[name] !== undefined && typeof request[name] !== "string");
  return odd === undefined ? undefined : fault(`request.${odd} must be a string.`, `${at}.request.${odd}`);
}

/** Type and id in a path: `Type`, `Type/` or `Type/id`. */
function placeOf(path: string, url: string, at: string): { type: string; id?: string } | { fault: Issue } {
  const refuse = (diagnostics: string) => ({ fault: fault(diagnostics, `${at}.request.url`) });
  const [type, id = "", ...deeper] = path.split("/");
  if (!type || !isResourceType(type)) return refuse(`request.url "${url}" does not begin with a resource type.`);
  if (deeper.length > 0) return refuse(`request.url "${url}" must be Type, Type/id or Type?criteria.`);
  if (id === "") return { type };
  if (id.startsWith("$")) return refuse(`The operation ${id.slice(0, 64)} is called by POST or GET.`);
  if (!isId(id)) return refuse(`"${id}" is not a legal id: letters, digits, - and . only, at most 64.`);
  return { type, id };
}

/** The reason for which a resource cannot be the body of this request. The body of a patch has its own type: Binary, or Parameters. */
function bodyFault(resource: unknown, method: EntryMethod, type: string, at: string): Issue | undefined {
  if (!isObject(resource)) return fault(`A ${method} needs a resource.`, `${at}.resource`);
  if (method === "PATCH" || resource["resourceType"] === type) return undefined;
  const { resourceType } = resource;
  const given = typeof resourceType === "string" ? `a ${resourceType.slice(0, 64)}` : "of no type";
  return fault(`The resource is ${given}, but request.url says ${type}.`, `${at}.resource.resourceType`);
}

/** The fault of a write that does not say which resource it is about, or says so twice. */
function targetFault({ method, type, id, query, resource }: BundleEntry, at: string): Issue | undefined {
  if (method === "POST") {
    const isNamed = id !== undefined || query !== undefined;
    return isNamed ? fault("A POST creates: its request.url is the type alone.", `${at}.request.url`) : undefined;
  }
  if (id === undefined && !query) {
    return fault(`A ${method} needs an id (${type}/id) or criteria (${type}?…) in request.url.`, `${at}.request.url`);
  }
  if (method === "PUT" && id !== undefined && resource?.id !== undefined && resource.id !== id) {
    return fault(`The resource's id ${resource.id} is not the one in request.url.`, `${at}.resource.id`);
  }
  const isRead = method === "GET" || method === "HEAD";
  const superfluous =
    id === undefined || type === undefined || isRead ? undefined : superfluousCriterion(type, new URLSearchParams(query ?? "").keys());
  return superfluous && fault(superfluous.diagnostics, `${at}.request.url`);
}

/** A web address that ends with a resource. */
const ADDRESS = new RegExp(`^${REFERENCE_PATTERN}$`);

/**
 * The fault of a write whose fullUrl is the address here of another resource (R4, Bundle.entry.fullUrl: it "SHALL NOT disagree with the id in
 * the resource"): a link to it could mean either. An address at another server means only the entry, whatever id that gets here.
 */
function addressFault({ method, type, id, fullUrl, resource }: BundleEntry, bases: readonly string[], at: string): Issue | undefined {
  const [, ofType, ofId] = ADDRESS.exec((fullUrl !== undefined && behindBase(fullUrl, bases)) || "") ?? [];
  if (ofType === undefined || !isResourceType(ofType)) return undefined;
  const itsId = id ?? (method === "PATCH" ? undefined : resource?.id);
  if (ofType === type && (itsId === undefined || itsId === ofId)) return undefined;
  const given = itsId === undefined ? `a ${type}` : `${type}/${String(itsId).slice(0, 64)}`;
  return fault(`fullUrl is the address of ${ofType}/${ofId}, but the entry is about ${given}.`, `${at}.fullUrl`);
}

/** A conditional create with its criteria in the form of a search. */
function withCriteria<Of extends BundleEntry & { type: string }>(
  entry: Of,
  criteria: string,
  bases: readonly string[],
  at: string,
): Of | { fault: Issue } {
  try {
    return { ...entry, ifNoneExist: noneExistCriteria(criteria, entry.type, bases, `${at}.request.ifNoneExist`) };
  } catch (error) {
    if (error instanceof FhirError && error.issues[0]) return { fault: error.issues[0] };
    throw error;
  }
}

/** Whether the entry changes nothing: in a transaction it is answered after all others. */
export const isRead = ({ method, operation }: BundleEntry): boolean => method === "GET" || method === "HEAD" || operation !== undefined;

/** The resource of a read, or of an operation on one resource: `Patient/1`, `Patient/1/$meta`. Undefined for all other entries. */
export function placeRead(entry: BundleEntry): { type: string; id: string } | undefined {
  if (!isRead(entry)) return undefined;
  const [, type = "", id = ""] = RESOURCE.exec(entry.url) ?? [];
  return isResourceType(type) ? { type, id } : undefined;
}

/** Operations that make a new version of a resource; all others change nothing. */
const CHANGING = new Set(["$meta-add", "$meta-delete"]);

/**
 * Refuses operations in a transaction that would write: they are transactions of their own, and could not be rolled back with the others.
 * @throws FhirError 400
 */
export function refuseChangingOperations(entries: readonly BundleEntry[]): void {
  const faults = entries
    .filter(({ operation }) => operation !== undefined && CHANGING.has(operation))
    .map(({ index, operation }) => ({
      ...fault(`${operation} changes a resource: call it by itself, or in a batch.`, `Bundle.entry[${index}].request.url`),
      code: "not-supported",
    }));
  if (faults.length > 0) throw new FhirError(400, faults);
}

/** Refuses a transaction in which two entries write the same resource or have the same fullUrl (R4, bundle.html#bundle-unique). */
export function refuseOverlaps(entries: readonly BundleEntry[]): void {
  const seen = new Set<string>();
  const faults: ReturnType<typeof fault>[] = [];
  for (const entry of entries) {
    if (isRead(entry)) continue;
    const { index, type, id, fullUrl } = entry;
    const keys = [id === undefined ? undefined : `${type}/${id}`, fullUrl === undefined ? undefined : ` ${comparableUri(fullUrl)}`];
    for (const key of keys) {
      if (key === undefined) continue;
      if (seen.has(key)) {
        faults.push(fault(`Another entry of this transaction already stands for ${key.trim()}.`, `Bundle.entry[${index}]`));
      }
      seen.add(key);
    }
  }
  if (faults.length > 0) throw new FhirError(400, faults);
}

const fault = (diagnostics: string, where: string) => ({ severity: "error" as const, code: "invalid", diagnostics, expression: [where] });

/** A member that R4 does not define there; `_url`, the extensions of a primitive, is allowed with it. */
function strayMember(object: Record<string, unknown>, known: ReadonlySet<string>): string | undefined {
  for (const name in object) if (!known.has(name) && !(name.startsWith("_") && known.has(name.slice(1)))) return name;
  return undefined;
}

const unknownMember = (where: string, name: string) => ({
  ...fault(`${where} has no element ${name.slice(0, 64)}.`, `${where}.${name.slice(0, 64)}`),
  code: "structure",
});

/** Whether a value is a JSON object: no list, not null. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === "object" && !Array.isArray(value);

function split(text: string, at: string): [string, string | undefined] {
  const place = text.indexOf(at);
  return place < 0 ? [text, undefined] : [text.slice(0, place), text.slice(place + 1)];
}

function pick<Name extends string>(from: { [name in Name]?: string }, names: readonly Name[]): { [name in Name]?: string } {
  return Object.fromEntries(names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]]))) as { [name in Name]?: string };
}
