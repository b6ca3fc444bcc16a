/** Requests of the pages: actions of the domain, and FHIR. Like any other app: through the gateway, with the person's token. */
import type { Action } from "../../../../mesh/contract.ts";
import type { Bundle, FhirResource, OperationOutcome } from "../../../../fhir/r4.ts";
import { jsonKeeping, parseKeeping } from "./digits.ts";
import { isUnkeyed } from "./unkeyed-actions.ts";
import { isTemporary, sendOnce } from "./sending.ts";
import { GATEWAY, noteSilent, silentIn } from "./silent.ts";
import { authorization, leaveWhenDone, mayRenew, renew } from "./sign-in.ts";
import { isOpenToAll } from "./settings.ts";

/** Time limit of a request, milliseconds: the mesh itself gives up after ten seconds. */
const ANSWER_MS = 15_000;
/** A connection lost within the first time was not a slow answer; the request is repeated after the second. Milliseconds. */
const [LOST_MS, AGAIN_MS] = [2_000, 200];

/** The server has refused, or cannot be reached (status 0). */
export class Refused extends Error {
  readonly status: number;
  /** Type of the refusal: `BED_OCCUPIED`. */
  readonly type: string;
  readonly data: Record<string, unknown>;
  /** Names of the invalid parameters. */
  readonly fields: string[];

  constructor(status: number, type: string, message: string, data: Record<string, unknown> = {}) {
    super(message);
    this.status = status;
    this.type = type;
    this.data = data;
    this.fields = (data["fields"] as { field: string }[] | undefined)?.map(({ field }) => field) ?? [];
  }

  /** Whether this hospital does not run what was requested. */
  get isAbsent(): boolean {
    return this.status === 404 && /^(ACTION_NOT_FOUND|NOT_SUPPORTED|not-supported)$/.test(this.type);
  }

  /** Whether what was read is not there, or not any more. */
  get isGone(): boolean {
    return !this.isAbsent && (this.status === 404 || this.status === 410);
  }

  /** The service that did not answer, by its name in the mesh; undefined if unknown. */
  get service(): string | undefined {
    const { service } = this.data;
    return typeof service === "string" ? service : undefined;
  }

  /** Whether the request may succeed later. */
  get isTemporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

/** Creates a refusal; if it names a service that does not answer, the page shows that. */
function refused(...of: ConstructorParameters<typeof Refused>): Refused {
  const refusal = new Refused(...of);
  if (refusal.isTemporary && refusal.service !== undefined) noteSilent([refusal.service]);
  return refusal;
}

/** An answer with its complete content: a truncated one is treated as lost. */
async function wholeAnswer(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(path, { ...init, signal: AbortSignal.timeout(ANSWER_MS) });
  const text = await response.text();
  const { status, headers } = response;
  return new Response(text === "" ? null : text, { status, headers });
}

async function ask(path: string, init: RequestInit, isSecond = false): Promise<Response> {
  const headers = { ...(init.headers as Record<string, string>), ...(await authorization()) };
  const response = await wholeAnswer(path, { ...init, headers }).catch(() => {
    throw refused(0, "UNREACHABLE", "The gateway does not answer.", { service: GATEWAY });
  });
  if (response.status !== 401 || isOpenToAll()) return response;
  if (!isSecond && (await renew())) return ask(path, init, true);
  if (!isSecond && mayRenew()) throw refused(503, "UNREACHABLE", "Sign-in does not answer.", { service: "identity" });
  leaveWhenDone();
  return new Promise(() => {}); // the page is being left
}

/**
 * Repeats a read once: if the connection was lost at once, as when a gateway stops, since another one answers; and if a service has not answered in
 * time.
 */
async function askAgain(path: string, init: RequestInit = {}): Promise<Response> {
  const begun = performance.now();
  const first = await ask(path, init).catch((refusal: unknown) => {
    if (!navigator.onLine || performance.now() - begun > LOST_MS) throw refusal;
  });
  if (first && !(isTemporary(first.status) && navigator.onLine)) return first;
  await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  return ask(path, init);
}

/** @param content everything that is sent: equal content is the same request */
const send = (path: string, init: RequestInit & { headers: Record<string, string> }, content: string): Promise<Response> =>
  sendOnce(path, content, (more) => ask(path, { ...init, headers: { ...init.headers, ...more } }));

/** Calls an action by its full name if there is no contract: `patients.events.listDead`. */
export async function callNamed(name: string, params: object): Promise<unknown> {
  const [path, text] = [`/api/${name.replace(".", "/")}`, JSON.stringify(params)];
  const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: text };
  const response = await (isUnkeyed(name) ? askAgain(path, init) : send(path, init, text));
  if (!response.ok) throw await refusalOf(response);
  const body: unknown = await response.json().catch(() => ({}));
  const { silent = [] } = (body ?? {}) as { silent?: string[] };
  noteSilent(silent);
  return body;
}

/** A refusal by the gateway, except for FHIR. */
async function refusalOf(response: Response): Promise<Refused> {
  const { error } = (await response.json().catch(() => ({}))) as {
    error?: { type: string; message: string; data?: Record<string, unknown> };
  };
  return refused(response.status, error?.type ?? "ERROR", error?.message ?? "", error?.data);
}

/** Reads JSON from the gateway itself. */
export async function getJson<T>(path: string): Promise<T> {
  const response = await askAgain(path);
  if (!response.ok) throw await refusalOf(response);
  return (await response.json()) as T;
}

/** Reads the answer of an action as text. */
export async function getText(path: string): Promise<string> {
  const response = await askAgain(path);
  if (!response.ok) throw await refusalOf(response);
  return response.text();
}

type Callable<Contract> = {
  [Name in keyof Contract as Contract[Name] extends Action<never, unknown> ? Name : never]: Contract[Name] extends Action<
    infer Params,
    infer Result
  >
    ? (params: Params) => Promise<Result>
    : never;
};

/** The actions of a service, by its contract: `actionsOf<typeof visits>("visits").open({ patient })`. */
export function actionsOf<Contract>(service: string): Callable<Contract> {
  return new Proxy({} as Callable<Contract>, {
    get: (_, name: string) => (params: object) => callNamed(`${service}.${name}`, params),
  });
}

/** Resources found by a search, and whether some are missing because a service is down. */
export interface Found<Resource extends FhirResource> {
  resources: Resource[];
  /** Included resources: `_include`. */
  included: FhirResource[];
  total?: number;
  isPartial: boolean;
  /** Whether there are further ones, which were not requested. */
  hasMore: boolean;
}

interface FhirWrite {
  method: "POST" | "PUT";
  headers?: Record<string, string>;
  resource: object;
}

function fhirWrite(path: string, { method, headers, resource }: FhirWrite): Promise<Response> {
  const body = jsonKeeping(resource);
  const init = { method, headers: { "Content-Type": "application/fhir+json", ...headers }, body };
  return send(path, init, `${method} ${JSON.stringify(headers ?? {})} ${body}`);
}

/** Length of an address above which a search is sent as a form, characters: proxies refuse addresses from about 8,000 on. */
const MAX_ADDRESS = 4_000;

/** Reads from FHIR; a search with a long address, as for all patients of a large ward, goes by POST (R4 3.1.1.4). */
function fhirRead(path: string): Promise<Response> {
  const headers = { Prefer: "handling=lenient" };
  const [where = "", query] = path.split("?", 2);
  if (query === undefined || path.length <= MAX_ADDRESS) return askAgain(`/fhir/${path}`, { headers });
  const form = { ...headers, "Content-Type": "application/x-www-form-urlencoded" };
  return askAgain(`/fhir/${where}/_search`, { method: "POST", headers: form, body: query });
}

async function fhirAnswer(path: string, write?: FhirWrite): Promise<{ body: unknown; etag: string | null }> {
  const response = await (write ? fhirWrite(`/fhir/${path}`, write) : fhirRead(path));
  const body: unknown = await response
    .text()
    .then(parseKeeping)
    .catch(() => ({}));
  if (!response.ok) {
    const { issue: [issue] = [] } = body as Partial<OperationOutcome>;
    const [service] = silentIn(issue ? [issue] : []);
    const named = service === undefined ? issue?.details?.coding?.[0]?.code : undefined;
    throw refused(response.status, named ?? issue?.code ?? "ERROR", issue?.diagnostics ?? "", service === undefined ? {} : { service });
  }
  return { body, etag: response.headers.get("etag") };
}

/** The first page of a search; if a service is down, its resources are missing and `isPartial` is set. */
export async function search<Resource extends FhirResource>(
  type: Resource["resourceType"],
  query: [string, string][] | Record<string, string>,
): Promise<Found<Resource>> {
  const { body } = await fhirAnswer(`${type}?${new URLSearchParams(query)}`);
  const { entry = [], link = [], total } = body as Bundle;
  const of = (mode: string) =>
    entry.flatMap(({ resource, search: how }) => (resource && (how?.mode ?? "match") === mode ? [resource as FhirResource] : []));
  const resources = of("match").filter(({ resourceType }) => resourceType === type) as Resource[];
  const issues = of("outcome").flatMap((one) => (one as OperationOutcome).issue);
  // A search parameter that the server ignores would give the answer to another question.
  const ignored = issues.find(({ code }) => code === "not-supported");
  if (ignored) throw new Refused(400, "not-supported", ignored.diagnostics ?? "");
  const isPartial = issues.some(({ code }) => code === "incomplete");
  const silent = silentIn(issues);
  noteSilent(silent);
  // No service with any of it answers: the last known content is better than an empty list.
  if (isPartial && resources.length === 0) throw refused(503, "OWNER_DOWN", "", { service: silent[0] });
  const hasMore = link.some(({ relation }) => relation === "next");
  return { resources, included: of("include"), isPartial, hasMore, ...(total !== undefined && { total }) };
}

/** Number of matches. @throws Refused 503 if a service that is down may have some of them */
export async function countOf(type: FhirResource["resourceType"], query: Record<string, string>): Promise<number> {
  const { total = 0, isPartial } = await search(type, { ...query, _summary: "count" });
  if (isPartial) throw new Refused(503, "OWNER_DOWN", "");
  return total;
}

/** Of a resource, or of one of its versions. Browsers shorten a path with "..": it would be another question. */
const REFERENCE = /^\w+\/(?!\.{1,2}$)[\w.-]+(\/_history\/\w+)?$/;

/** One resource by its reference, "Patient/…". */
export async function read<Resource extends FhirResource>(reference: string): Promise<Resource> {
  if (!REFERENCE.test(reference)) throw new Refused(404, "not-found", "");
  return (await fhirAnswer(reference)).body as Resource;
}

/** Several resources by their references, those that are found; one search for each type. */
export async function readAll<Resource extends FhirResource>(references: string[]): Promise<Map<string, Resource>> {
  const types = Map.groupBy(new Set(references), (reference) => reference.split("/", 1)[0] as string);
  const found = await Promise.all(
    [...types].map(([type, ofType]) => {
      const ids = ofType.map((reference) => reference.split("/")[1]).join(",");
      return search<Resource>(type as Resource["resourceType"], { _id: ids, _count: `${Math.min(ofType.length, 1_000)}` });
    }),
  );
  return new Map(found.flatMap(({ resources }) => resources.map((one) => [`${one.resourceType}/${one.id}`, one])));
}

/** Stores a new resource. @param ifNoneExist criteria: a match is returned instead, and nothing stored */
export async function create<Resource extends FhirResource>(resource: Resource, ifNoneExist?: string): Promise<Resource> {
  const headers: Record<string, string> = ifNoneExist === undefined ? {} : { "If-None-Exist": ifNoneExist };
  const { body } = await fhirAnswer(resource.resourceType, { method: "POST", headers, resource });
  return body as Resource;
}

const etagOf = (version: string | undefined): string => `W/"${version}"`;

/** Stores the next version; refused (412) if another was stored since `resource` was read, or since `seen`. */
export async function update<Resource extends FhirResource>(resource: Resource, seen = resource.meta?.versionId): Promise<Resource> {
  const { body } = await fhirAnswer(`${resource.resourceType}/${resource.id}`, {
    method: "PUT",
    headers: { "If-Match": etagOf(seen) },
    resource,
  });
  return body as Resource;
}

/**
 * Stores new resources and next versions of others, all or none; refused (412) like an update.
 * @returns them with ids and versions, the new ones first
 */
export async function storeTogether(resources: { made?: FhirResource[]; changed?: FhirResource[] }): Promise<FhirResource[]> {
  const { made = [], changed = [] } = resources;
  const entry = [
    ...made.map((resource) => ({ resource, request: { method: "POST", url: resource.resourceType } })),
    ...changed.map((resource) => ({
      resource,
      request: { method: "PUT", url: `${resource.resourceType}/${resource.id}`, ifMatch: etagOf(resource.meta?.versionId) },
    })),
  ];
  const { body } = await fhirAnswer("", { method: "POST", resource: { resourceType: "Bundle", type: "transaction", entry } });
  return [...made, ...changed].map((resource, index) => {
    const location = (body as Bundle).entry?.[index]?.response?.location ?? "";
    const [, id = "", versionId = ""] = /([^/]+)\/_history\/([^/]+)$/.exec(location) ?? [];
    return { ...resource, id, meta: { ...resource.meta, versionId } };
  });
}

/** Deletes resources, all or none; refused if others that remain depend on one. */
export async function deleteTogether(references: string[]): Promise<void> {
  const entry = references.map((url) => ({ request: { method: "DELETE", url } }));
  await fhirAnswer("", { method: "POST", resource: { resourceType: "Bundle", type: "transaction", entry } });
}

/** Stores a new resource and the next version of another, both or neither; refused (412) like an update. @returns the reference of the new one */
export async function createAndUpdate<Resource extends FhirResource>(made: Resource, changed: FhirResource): Promise<string> {
  const [stored] = await storeTogether({ made: [made], changed: [changed] });
  return `${made.resourceType}/${stored?.id}`;
}
