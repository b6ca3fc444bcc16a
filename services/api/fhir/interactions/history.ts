/** History of one resource, of a type, of the system (FHIR R4, http.html#history): newest first, merged over all owners. */
import { fhirError } from "../../../../fhir/outcome.ts";
import { type Interval, intervalAsked } from "../../../../fhir/dates.ts";
import { type HistoryCursor, ownerOf } from "../../../../federation/owner-contract.ts";
import { authorExtension } from "../../../../federation/version-provenance.ts";
import type { Subset } from "../../../../fhir/subset.ts";
import { isType, ownerDown } from "../../../../federation/errors.ts";
import { readResource, readVersion } from "../../../../federation/read.ts";
import { seesNothingOf } from "../../../../federation/unseen-types.ts";
import { mapConcurrent } from "../../../../mesh/map-concurrent.ts";
import { pagePlace } from "../page-place.ts";
import { packToken, unpackToken } from "../page-token.ts";
import type { HistoryQuery, StoredResource } from "../../../../store/store.ts";
import type { Answer } from "../../http/answer.ts";
import { DEFAULT_COUNT, MAX_COUNT, MAX_HISTORY_BYTES } from "../answer-limits.ts";
import { subsetOfRead, subsetText } from "../presentation.ts";
import { FHIR_JSON } from "../media-types.ts";
import type { FhirRequest } from "../request.ts";

/** Content of a next link. */
interface PageToken {
  count: number;
  since?: number;
  at?: readonly [from: number, to: number];
  subset?: Subset;
  before: HistoryCursor;
}

/** GET _history of the system, of a type, of a resource. @throws FhirError 400; 404; 503 when an owner is down */
export async function history(request: FhirRequest, type?: string, id?: string): Promise<Answer> {
  const { directory, caller, base } = request;
  const asked = parametersOf(request);
  const page = request.query.find(([name]) => name === "_page")?.[1];
  const path = [...(type ? [type] : []), ...(id ? [id] : []), "_history"].join("/");
  const { count, since, at, subset, before }: Omit<PageToken, "before"> & { before?: HistoryCursor } =
    page === undefined ? asked : await unpackToken<PageToken>(page, pagePlace(request, path));

  const types = type ? [type] : directory.types().filter((one) => !seesNothingOf(caller, one));
  if (type) directory.ownersOf(type);
  const owners = [...new Set(types.flatMap((it) => directory.known(it).map((owner) => owner.service)))];
  const down = directory.down().find((service) => owners.includes(service));
  if (down !== undefined) throw ownerDown(type ?? "part of the system", down);
  const limit = Math.min(count, MAX_COUNT);
  const query: HistoryQuery = {
    limit: Math.max(limit, 1),
    maxBytes: MAX_HISTORY_BYTES,
    ...(type && { type }),
    ...(id && { id }),
    ...(since !== undefined && { since }),
    ...(at && { until: at[1] }),
    ...(before && { before }),
  };
  const pages = await Promise.all(owners.map((owner) => ownerOf(owner).history(caller, { query, ...(at && { currentFrom: at[0] }) })));
  const merged = pages.flatMap((it) => it.versions).sort(newestFirst);
  if (id && type && merged.length === 0 && before === undefined) await requireExisted(request, type, id);
  // An owner's page may have ended at the byte limit: what lies beyond its end is not known yet.
  const known = pages.flatMap((it) => (it.more && it.end ? [it.end] : []));
  const safe = merged.filter((version) => known.every((end) => newestFirst(version, end) <= 0));
  const versions = safe.slice(0, limit);
  const more = versions.length < merged.length || known.length > 0;
  const shown = at ? await withoutSucceeded(request, versions, at[0]) : versions;

  const links = [{ relation: "self", url: `${base}/${path}${usedOf(request)}` }];
  const last = versions.length < limit && known.length > 0 ? known.reduce((a, b) => (newestFirst(a, b) <= 0 ? a : b)) : versions.at(-1);
  if (more && last && limit > 0) {
    const before = { updated: last.updated, type: last.type, id: last.id, version: last.version };
    const token = await packToken(pagePlace(request, path), {
      count,
      before,
      ...(since !== undefined && { since }),
      ...(at && { at }),
      ...(subset && { subset }),
    } satisfies PageToken);
    links.push({ relation: "next", url: `${base}/${path}?_page=${token}` });
  }
  const total = !more && before === undefined ? `,"total":${shown.length}` : "";
  const deletions = new Set(merged.flatMap(({ type, id, version, method }) => (method === "delete" ? [`${type}/${id}/${version}`] : [])));
  const entries = shown
    .map((version) => entryText(base, version, subset, deletions.has(`${version.type}/${version.id}/${version.version - 1}`)))
    .join(",");
  const body = `{"resourceType":"Bundle","type":"history"${total},"link":${JSON.stringify(links)}${entries && `,"entry":[${entries}]`}}`;
  return { status: 200, headers: { "Content-Type": FHIR_JSON }, body };
}

const METHOD = { create: "POST", update: "PUT", delete: "DELETE" } as const;
const STATUS = { create: "201", update: "200", delete: "204" } as const;

/** For a type with several owners the next version may be at another owner, which alone knows when it replaced this one. */
async function withoutSucceeded(request: FhirRequest, versions: StoredResource[], from: number): Promise<StoredResource[]> {
  const areCurrent = await mapConcurrent(versions, async ({ type, id, version, updated }) => {
    if (updated >= from || !request.directory.isShared(type)) return true;
    const next = await readVersion(request, type, id, version + 1).catch((error: unknown) => {
      if (!isType(error, "NOT_FOUND")) throw error;
    });
    return !next || next.updated > from;
  });
  return versions.filter((_, index) => areCurrent[index]);
}

/** @param isAgain the resource was deleted before: the update has created it again */
function entryText(
  base: string,
  { type, id, version, updated, method, json, author }: StoredResource,
  subset: Subset | undefined,
  isAgain: boolean,
): string {
  const url = method === "create" ? type : `${type}/${id}`;
  const resource = json === undefined ? "" : `,"resource":${subsetText(json, subset)}`;
  // An update that made the first version has created the resource.
  const status = STATUS[version === 1 || (isAgain && method === "update") ? "create" : method];
  const response = `{"status":"${status}","etag":"W/\\"${version}\\"","lastModified":"${new Date(updated).toISOString()}"}`;
  const by = author === undefined ? "" : `"extension":[${JSON.stringify(authorExtension(author))}],`;
  return `{${by}"fullUrl":"${base}/${type}/${id}"${resource},"request":{"method":"${METHOD[method]}","url":"${url}"},"response":${response}}`;
}

const text = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The order in which stores answer. */
const newestFirst = (a: HistoryCursor, b: HistoryCursor): number =>
  b.updated - a.updated || text(b.type, a.type) || text(b.id, a.id) || b.version - a.version;

/** A resource without versions in the requested range still has a history, if it ever existed. */
async function requireExisted(request: FhirRequest, type: string, id: string): Promise<void> {
  try {
    await readResource(request, type, id);
  } catch (error) {
    if (!isType(error, "GONE")) throw error;
  }
}

const PARAMETERS = new Set(["_count", "_since", "_at", "_summary", "_elements", "_page", "_format", "_pretty"]);

/** The query without parameters that are not supported. */
function usedOf({ query }: FhirRequest): string {
  const used = query.filter(([name]) => PARAMETERS.has(name) && name !== "_format" && name !== "_pretty");
  return used.length > 0 ? `?${used.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&")}` : "";
}

/** @throws FhirError 400; 501 for `_list`: all versions would be shown instead of some */
function parametersOf(request: FhirRequest): Omit<PageToken, "before"> {
  if (request.query.some(([name]) => name === "_list")) {
    throw fhirError(501, "not-supported", "_list of a history is not supported yet.", "_list");
  }
  const unknown = request.query.find(([name]) => !PARAMETERS.has(name))?.[0].slice(0, 64);
  if (unknown !== undefined && request.prefer.handling === "strict") {
    throw fhirError(400, "not-supported", `A history has no parameter "${unknown}".`, unknown);
  }
  const subset = subsetOfRead(request);
  let count = DEFAULT_COUNT;
  let since: number | undefined;
  let at: Interval | undefined;
  for (const [name, value] of request.query) {
    if (value === "") continue;
    if (name === "_count") {
      if (!/^\d{1,12}$/.test(value)) throw fhirError(400, "value", "_count must be a whole number, 0 or more.", "_count");
      count = Number(value);
    } else if (name === "_since") {
      const range = intervalAsked(value);
      if (!range) throw fhirError(400, "value", "_since must be an instant like 2026-01-31T08:00:00Z.", "_since");
      since = range[0];
    } else if (name === "_at") {
      at = intervalAsked(value);
      if (!at) throw fhirError(400, "value", "_at must be a date or instant like 2026-01-31 or 2026-01-31T08:00:00Z.", "_at");
    }
  }
  if (since !== undefined && at) throw fhirError(400, "invalid", "_since and _at do not go together.", "_at");
  return { count, ...(since !== undefined && { since }), ...(at && { at }), ...(subset && { subset }) };
}
