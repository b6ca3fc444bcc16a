/**
 * Replaces links inside a bundle by the references of what the server made of their targets (FHIR R4, http.html#trules and
 * bundle.html#references). Pure; works on parsed JSON in place. `links.ts` finds the links.
 */

import { isRawNumber, parseInput } from "../json.ts";
import { fhirError } from "../outcome.ts";
import { type OwnAddress, ownAddress } from "../own-address.ts";
import { replaceLinksInCriteria } from "./criteria-links.ts";
import { LinkKind, type Replacement, replaceLinks } from "./links.ts";
import { comparableUri, isAbsolute, isLocalToBundle, isWebAddress } from "./uris.ts";
import { ID_PATTERN } from "../ids.ts";

/** The replacement of links to an entry. */
export interface LinkTarget {
  /** `Type/id` */
  reference: string;
  /**
   * The entry is stored under the id that its fullUrl, a URL elsewhere, already contains. Only references are replaced then: what is to
   * be followed here must be local, whereas as a uri the URL keeps its meaning, e.g. that of a definition.
   */
  isSame?: boolean;
}

/** A URL of a resource, with its base. */
const BASE = new RegExp(`^(.*/)[A-Z][A-Za-z]+/${ID_PATTERN}$`);

/**
 * The replacement that a transaction applies to the resource of one entry.
 *
 * @param targets what the server made of each entry, by fullUrl in comparable form (`uris.ts`)
 * @param fullUrl of the entry with the resource: a relative reference is first resolved against it
 */
export function linksTo(targets: ReadonlyMap<string, LinkTarget>, fullUrl?: string): Replacement {
  const base = fullUrl && isWebAddress(fullUrl) ? BASE.exec(fullUrl)?.[1] : undefined;
  return (link, kind) => {
    if (isAbsolute(link)) return found(link, kind, targets);
    const first = link.charCodeAt(0);
    if (first < 65 || first > 90) return undefined; // a relative reference begins with a type's capital letter
    // A fullUrl should be absolute; clients that write `Patient/1` there, and in references, mean their entry.
    const own = kind === LinkKind.reference ? found(link, kind, targets) : undefined;
    return own ?? (base === undefined ? undefined : found(base + link, kind, targets));
  };
}

/** The same for a stored resource that is patched: its relative references and uris had their meaning before the bundle. */
export const linksInPatched =
  (targets: ReadonlyMap<string, LinkTarget>): Replacement =>
  (link, kind) =>
    isLocalToBundle(link) || (kind === LinkKind.reference && isAbsolute(link)) ? found(link, kind, targets) : undefined;

/**
 * References to entries of the same bundle (`urn:uuid:…`), also in the criteria of conditional references. After links have been replaced,
 * these are the ones that lead to nothing. References inside a stored Bundle are its own.
 */
export function brokenLinksIn(resource: unknown): Set<string> {
  const links = new Set<string>();
  const note: Replacement = (link, kind, isInBundle) => {
    if (kind !== LinkKind.reference || isInBundle) return undefined;
    if (isLocalToBundle(link)) links.add(link);
    else if (link.includes("?") && isConditionalReference(link)) {
      const mark = link.indexOf("?");
      replaceLinksInCriteria(link.slice(0, mark), link.slice(mark + 1), note);
    }
    return undefined;
  };
  replaceLinks(resource, note);
  return links;
}

/** Whether a text may contain such a reference: escapes can spell anything. */
const MAY_LINK = /"reference"\s*:\s*"(?:urn|resource|cid|mid):|\\u00[2-7]/i;

/**
 * Refuses a resource that is written outside of a transaction and refers to an entry of one: nothing could follow it (R4, bundle.html#references).
 * @param before the stored resource, whose references may stay
 * @throws FhirError 400; 400 or 413 for invalid JSON
 */
export function refuseLinksOutside(resource: unknown, before?: unknown): void {
  if (typeof resource === "string" && !MAY_LINK.test(resource)) return;
  const sent: unknown = typeof resource === "string" ? parseInput(resource) : resource;
  const links = brokenLinksIn(sent);
  const known = links.size > 0 ? brokenLinksIn(before) : links;
  const [link] = [...links].filter((it) => !known.has(it));
  if (link === undefined) return;
  throw fhirError(
    400,
    "invalid",
    `${link.slice(0, 200)} leads nowhere: send what it means in one transaction with this, or refer by Type/id, an absolute address, or an identifier (Reference.identifier).`,
  );
}

/** Replaces conditional references by their targets, `Type?criteria` → `Type/id`. */
export const conditionalLinks =
  (targets: ReadonlyMap<string, string>): Replacement =>
  (link, kind) =>
    kind === LinkKind.reference ? targets.get(link) : undefined;

/** A link to a fullUrl followed by a fragment, or a history version, keeps that suffix. */
function found(link: string, kind: LinkKind, targets: ReadonlyMap<string, LinkTarget>): string | undefined {
  let target = targets.get(link) ?? targets.get(comparableUri(link));
  let suffix = "";
  if (target === undefined) {
    const end = link.search(/#|\/_history\//);
    if (end < 0) return undefined;
    target = targets.get(comparableUri(link.slice(0, end)));
    suffix = link.slice(end);
  }
  if (target === undefined || (target.isSame && kind !== LinkKind.reference)) return undefined;
  return target.reference + suffix;
}

/** Whether it is of the form `Patient?identifier=…`, which R4 allows in the references of a transaction. */
export const isConditionalReference = (link: string): boolean => /^[A-Z][A-Za-z]+\?[^\s]+$/.test(link);

/** All conditional references in a resource (Reference.reference only). */
export function conditionalReferences(resource: unknown): Set<string> {
  const references = new Set<string>();
  replaceLinks(resource, (link, kind) => {
    if (kind === LinkKind.reference && link.includes("?") && isConditionalReference(link)) references.add(link);
    return undefined;
  });
  return references;
}

/**
 * The JSON text of a resource or transaction with references under the server's own base made relative, which mean the same
 * (R4 references.html#literal): only then are they followed, included, and in a compartment. In a transaction also conditional ones,
 * which R4 allows there. Links to a fullUrl, and the content of a bundle that is stored as one, stay unchanged.
 *
 * @param bases the server's base URLs, without a slash at their end; every equivalent spelling is recognised
 * @throws FhirError 400 or 422 for invalid JSON, if the text has to be parsed
 */
export function localReferences(text: string, bases: readonly string[]): string {
  const own = bases.flatMap((base) => ownAddress(base) ?? []);
  if (own.length === 0 || !mayName(text, own)) return text;
  const value = parseInput(text);
  const { type, entry } = (value ?? {}) as { type?: unknown; entry?: unknown };
  const isTransaction = isBundle(value) && type === "transaction";
  const entries = isBundle(value) ? (isTransaction && Array.isArray(entry) ? (entry as unknown[]) : []) : [{ resource: value }];
  const parts = entries.map((it) => (it ?? {}) as { fullUrl?: unknown; resource?: unknown });
  const fullUrls = new Set(parts.flatMap(({ fullUrl }) => (typeof fullUrl === "string" ? [comparableUri(fullUrl)] : [])));
  const isLocal = (place: string) => LITERAL.test(place) || (isTransaction && isConditionalReference(place));
  const placeAt = (link: string) => {
    const place = isWebAddress(link) && !fullUrls.has(comparableUri(link)) ? placeUnder(link, own) : undefined;
    return place !== undefined && isLocal(place) ? place : undefined;
  };
  const changed = parts.filter(({ resource }) => makeLocal(resource, placeAt));
  return changed.length > 0 ? JSON.stringify(value) : text;
}

const isBundle = (value: unknown): boolean => (value as { resourceType?: unknown } | null)?.resourceType === "Bundle";

const LITERAL = new RegExp(`^[A-Z][A-Za-z]+/${ID_PATTERN}(?:/_history/${ID_PATTERN})?(?:#.*)?$`);

/** Whether a text may contain the host; escapes can spell anything. */
const mayName = (text: string, own: OwnAddress[]): boolean =>
  own.some(({ named }) => named.test(text)) || (text.includes("\\") && /\\(?:u00[2-7]|\/)/i.test(text));

/** The path of a URL under the server's own base, in whatever spelling (RFC 3986, 6.2.2); undefined: it leads elsewhere. */
function placeUnder(link: string, own: OwnAddress[]): string | undefined {
  const url = URL.parse(link);
  const there = own.filter(({ host }) => host === url?.host);
  if (!url || there.length === 0) return undefined;
  const place = withoutEscapes(url.pathname).replace(/\/{2,}/g, "/");
  const base = there.find(({ path }) => place.startsWith(path));
  if (!base) return undefined;
  const [, rest = ""] = /^[^?#]*(.*)$/s.exec(link) ?? [];
  return place.slice(base.path.length) + rest;
}

/** @returns the path unchanged if it has invalid escapes */
function withoutEscapes(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** @returns whether a reference was changed */
function makeLocal(node: unknown, placeAt: (link: string) => string | undefined): boolean {
  if (node === null || typeof node !== "object" || isRawNumber(node) || isBundle(node)) return false;
  let isChanged = false;
  for (const [name, value] of Object.entries(node)) {
    if (typeof value === "object") isChanged = makeLocal(value, placeAt) || isChanged;
    const place = name === "reference" && typeof value === "string" ? placeAt(value) : undefined;
    if (place === undefined) continue;
    (node as Record<string, unknown>)[name] = place;
    isChanged = true;
  }
  return isChanged;
}
