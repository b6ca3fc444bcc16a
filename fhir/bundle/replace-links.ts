/**
 * Links inside a bundle: how they are replaced by what the server made of their targets (FHIR R4, http.html#trules and
 * bundle.html#references). Pure; works on parsed JSON in place. Where the links are: `links.ts`.
 */

import { isRawNumber, parseInput } from "../json.ts";
import { fhirError } from "../outcome.ts";
import { type OwnAddress, ownAddress } from "../own-address.ts";
import { replaceLinksInCriteria } from "./criteria-links.ts";
import { LinkKind, type Replacement, replaceLinks } from "./links.ts";
import { comparableUri, isAbsolute, isLocalToBundle, isWebAddress } from "./uris.ts";
import { ID_PATTERN } from "../ids.ts";

/** What a link to an entry is replaced by. */
export interface LinkTarget {
  /** `Type/id` */
  reference: string;
  /**
   * The entry is put under the id that its fullUrl, an address elsewhere, names already. Only references need it: what is to be
   * followed here must be local. As a uri the address goes on meaning what it meant, e.g. that of a definition.
   */
  isSame?: boolean;
}

/** An address of a resource, and the base that it stands under. */
const BASE = new RegExp(`^(.*/)[A-Z][A-Za-z]+/${ID_PATTERN}$`);

/**
 * The replacement that a transaction applies to the resource of one entry.
 *
 * @param targets what the server made of each entry, by fullUrl in comparable form (`uris.ts`)
 * @param fullUrl of the entry the resource is in: a relative reference is first looked up beside it
 */
export function linksTo(targets: ReadonlyMap<string, LinkTarget>, fullUrl?: string): Replacement {
  const base = fullUrl && isWebAddress(fullUrl) ? BASE.exec(fullUrl)?.[1] : undefined;
  return (link, kind) => {
    if (isAbsolute(link)) return found(link, kind, targets);
    const first = link.charCodeAt(0);
    if (base === undefined || first < 65 || first > 90) return undefined; // a relative reference starts with a type's capital
    return found(base + link, kind, targets);
  };
}

/** The same for what was stored before and patched now: what is relative in it, or a uri, meant something else before the bundle came. */
export const linksInPatched =
  (targets: ReadonlyMap<string, LinkTarget>): Replacement =>
  (link, kind) =>
    isLocalToBundle(link) || (kind === LinkKind.reference && isAbsolute(link)) ? found(link, kind, targets) : undefined;

/**
 * References that name an entry of their own bundle (`urn:uuid:…`), also in the criteria of conditional references; once links are
 * replaced, those that lead to nothing. What is inside a stored Bundle is its own.
 */
export function vainLinksIn(resource: unknown): Set<string> {
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

/** Where a text may have such a reference: escapes can spell anything. */
const MAY_LINK = /"reference"\s*:\s*"(?:urn|resource|cid|mid):|\\u00[2-7]/i;

/**
 * Refuses what is written by itself, in no transaction, and refers to an entry of one: nobody could follow that (R4, bundle.html#references).
 * @param before what is there already, whose references may stay as they are
 * @throws FhirError 400; 400, 413 for what is no JSON
 */
export function refuseLinksOutside(resource: unknown, before?: unknown): void {
  if (typeof resource === "string" && !MAY_LINK.test(resource)) return;
  const sent: unknown = typeof resource === "string" ? parseInput(resource) : resource;
  const links = vainLinksIn(sent);
  const known = links.size > 0 ? vainLinksIn(before) : links;
  const [link] = [...links].filter((it) => !known.has(it));
  if (link === undefined) return;
  throw fhirError(
    400,
    "invalid",
    `${link.slice(0, 200)} leads nowhere: send what it means in one transaction with this, or refer by Type/id, an absolute address, or an identifier (Reference.identifier).`,
  );
}

/** Conditional references by what they lead to, `Type?criteria` → `Type/id`. */
export const conditionalLinks =
  (targets: ReadonlyMap<string, string>): Replacement =>
  (link, kind) =>
    kind === LinkKind.reference ? targets.get(link) : undefined;

/** A link to a fullUrl followed by a fragment, or a history version, keeps the suffix. */
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

/** `Patient?identifier=…`, as R4 allows it in the references of a transaction. */
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
 * (R4 references.html#literal): only so are they followed, included, and in a compartment; conditional ones too, in a transaction,
 * where R4 allows them. What a bundle says about its own entries stays: a link to a fullUrl, and a bundle that is stored as one.
 *
 * @param bases the server's base URLs, without a slash at their end; in any spelling that leads to the same place
 * @throws FhirError 400, 422 for what is no JSON, where it has to be looked into
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

/** Whether a text may name the host; escapes can spell anything. */
const mayName = (text: string, own: OwnAddress[]): boolean =>
  own.some(({ named }) => named.test(text)) || (text.includes("\\") && /\\(?:u00[2-7]|\/)/i.test(text));

/** What an address names under the server's own, however that is spelt (RFC 3986, 6.2.2); undefined: it leads elsewhere. */
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

/** @returns as it is where it has escapes that spell nothing */
function withoutEscapes(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** @returns whether there was one */
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
