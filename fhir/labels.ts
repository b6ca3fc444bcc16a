/** Tags and security labels of a resource over its updates (FHIR R4, resource.html#Meta). Pure. */
import type { Resource } from "./resource.ts";

type Json = Record<string, unknown>;

/**
 * An update with the security labels that the resource had besides its own, and with the tags that it had if it has none itself: they
 * belong to the record, and who leaves them out does not mean to take them away; PATCH and `$meta-delete` do. Profiles are no labels: a
 * resource keeps what its newest content claims. Two labels are the same by system and code (R4, Resource $meta-add).
 *
 * @returns the same resource when it has all of them
 */
export function withLabelsOf(before: Resource, update: Resource): Resource {
  const old = metaOf(before);
  const meta = metaOf(update);
  const kept: Json = {};
  const own = codingsIn(meta.security);
  const known = new Set(own.map(keyOf));
  const more = codingsIn(old.security).filter((coding) => !known.has(keyOf(coding)));
  if (more.length > 0) kept.security = [...own, ...more];
  const tags = codingsIn(old.tag);
  if (meta.tag === undefined && tags.length > 0) kept.tag = tags;
  return Object.keys(kept).length > 0 ? { ...update, meta: { ...meta, ...kept } } : update;
}

/** Whether the text of a stored resource may have any: most have none. */
export const mayHaveLabels = (json: string): boolean => json.includes('"tag":[') || json.includes('"security":[');

function metaOf({ meta }: Resource): Json {
  return meta !== null && typeof meta === "object" && !Array.isArray(meta) ? (meta as Json) : {};
}

const codingsIn = (value: unknown): Json[] =>
  Array.isArray(value) ? (value as Json[]).filter((it) => it !== null && typeof it === "object") : [];

const keyOf = ({ system, code }: Json): string => JSON.stringify([system, code]);
