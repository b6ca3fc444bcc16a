/**
 * Links inside a bundle: which strings of a resource are links, and how they are replaced by what the server made of
 * their targets (FHIR R4, http.html#trules and bundle.html#references). Pure; works on parsed JSON in place.
 */

import { isRawNumber, parseInput } from "../json.ts";

/** Values of these members are text or business identifiers, never links, whatever they look like. */
const NOT_LINKS = new Set([
  "value", // Identifier.value, ContactPoint.value
  "valueString",
  "valueMarkdown",
  "valueCode",
  "valueId",
  "id",
  "display",
  "text",
  "name",
  "title",
  "description",
]);

const IN_NARRATIVE = /(\b(?:href|src)\s*=\s*)(["'])([^"']*)\2/g;

/** What stands in place of a link now; undefined leaves it as it is. */
export type Replacement = (link: string) => string | undefined;

/**
 * Calls `replace` for each string that may be a link (references, uri-like elements, `href` and `src` in narratives;
 * in extensions and contained resources too) and puts what it returns in its place.
 */
export function replaceLinks(node: unknown, replace: Replacement): void {
  if (Array.isArray(node)) {
    for (let index = 0; index < node.length; index += 1) {
      const value: unknown = node[index];
      if (typeof value === "string") node[index] = replace(value) ?? value;
      else if (value !== null && typeof value === "object") replaceLinks(value, replace);
    }
    return;
  }
  if (node === null || typeof node !== "object" || isRawNumber(node)) return;
  const object = node as Record<string, unknown>;
  for (const name in object) {
    const value = object[name];
    if (typeof value === "string") {
      if (name === "div") object[name] = replaceInNarrative(value, replace);
      else if (!NOT_LINKS.has(name)) object[name] = replace(value) ?? value;
    } else if (value !== null && typeof value === "object") {
      replaceLinks(value, replace);
    }
  }
}

function replaceInNarrative(div: string, replace: Replacement): string {
  if (!div.includes("href") && !div.includes("src")) return div;
  return div.replace(IN_NARRATIVE, (whole, before: string, quote: string, link: string) => {
    const target = replace(link);
    return target === undefined ? whole : `${before}${quote}${target}${quote}`;
  });
}

/**
 * The replacement that a transaction applies to the resource of one entry.
 *
 * @param targets what the server made of each entry: fullUrl → `Type/id`
 * @param conditional `Type?criteria` → `Type/id`, for conditional references
 * @param fullUrl of the entry the resource is in: a relative reference is first looked up beside it
 */
export function linksTo(targets: ReadonlyMap<string, string>, conditional: ReadonlyMap<string, string>, fullUrl?: string): Replacement {
  const base = fullUrl?.startsWith("http") ? /^(.*\/)[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/.exec(fullUrl)?.[1] : undefined;
  return (link) => {
    const first = link.charCodeAt(0);
    const isAbsolute = first === 117 /* u */ || first === 104 /* h */;
    if (!isAbsolute && (first < 65 || first > 90)) return undefined; // a relative reference starts with a type's capital
    if (isAbsolute) return targets.get(link) ?? withSuffix(link, targets);
    if (isConditionalReference(link)) return conditional.get(link);
    return base ? (targets.get(base + link) ?? undefined) : undefined;
  };
}

/** A link to a fullUrl followed by a fragment, a canonical's version or a history version keeps the suffix. */
function withSuffix(link: string, targets: ReadonlyMap<string, string>): string | undefined {
  const end = link.search(/[#|]|\/_history\//);
  if (end < 0) return undefined;
  const target = targets.get(link.slice(0, end));
  return target === undefined ? undefined : target + link.slice(end);
}

/** `Patient?identifier=…`, as R4 allows it in the references of a transaction. */
export const isConditionalReference = (link: string): boolean => /^[A-Z][A-Za-z]+\?[^\s]+$/.test(link);

/** All conditional references in a resource (Reference.reference only). */
export function conditionalReferences(node: unknown, found: Set<string> = new Set()): Set<string> {
  if (Array.isArray(node)) for (const item of node) conditionalReferences(item, found);
  else if (node !== null && typeof node === "object") {
    for (const [name, value] of Object.entries(node)) {
      if (name === "reference" && typeof value === "string" && value.includes("?") && isConditionalReference(value)) found.add(value);
      else if (typeof value === "object") conditionalReferences(value, found);
    }
  }
  return found;
}

/**
 * The JSON text of a resource or transaction with references under the server's own base made relative, which mean the same
 * (R4 references.html#literal): only so are they followed, included, and in a compartment. What a bundle says about its own
 * entries stays: a link to a fullUrl, and a bundle that is stored as one.
 *
 * @param base the server's base URL as the client knows it, without a slash at its end
 * @throws FhirError 400, 422 for what is no JSON, where it has to be looked into
 */
export function localReferences(text: string, base: string): string {
  if (!text.includes(`"${base}/`)) return text;
  const value = parseInput(text);
  const { type, entry } = (value ?? {}) as { type?: unknown; entry?: unknown };
  const entries = isBundle(value) ? (type === "transaction" && Array.isArray(entry) ? (entry as unknown[]) : []) : [{ resource: value }];
  const parts = entries.map((it) => (it ?? {}) as { fullUrl?: unknown; resource?: unknown });
  const fullUrls = new Set(parts.map(({ fullUrl }) => fullUrl));
  const changed = parts.filter(({ resource }) => makeLocal(resource, `${base}/`, fullUrls));
  return changed.length > 0 ? JSON.stringify(value) : text;
}

const isBundle = (value: unknown): boolean => (value as { resourceType?: unknown } | null)?.resourceType === "Bundle";

const LITERAL = /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/** @returns whether there was one */
function makeLocal(node: unknown, start: string, fullUrls: ReadonlySet<unknown>): boolean {
  if (node === null || typeof node !== "object" || isRawNumber(node) || isBundle(node)) return false;
  let isChanged = false;
  for (const [name, value] of Object.entries(node)) {
    if (typeof value === "object") isChanged = makeLocal(value, start, fullUrls) || isChanged;
    if (name !== "reference" || typeof value !== "string" || !value.startsWith(start) || fullUrls.has(value)) continue;
    if (!LITERAL.test(value.slice(start.length))) continue;
    (node as Record<string, unknown>)[name] = value.slice(start.length);
    isChanged = true;
  }
  return isChanged;
}
