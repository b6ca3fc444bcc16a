/** Tags and security labels of a resource over its updates (FHIR R4, resource.html#Meta). Pure. */
import type { Resource } from "./resource.ts";

type Json = Record<string, unknown>;

/**
 * An update with the security labels that the resource had besides its own, and with the tags that it had if the update has none. They belong to
 * the record, so that leaving them out does not remove them; PATCH and `$meta-delete` do. Profiles are not kept: a resource claims those of its
 * newest content. Two labels are equal by system and code (R4, Resource $meta-add).
 *
 * @returns the same object if it has all of them
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

/** Whether the JSON of a stored resource may have any: most have none. */
export const mayHaveLabels = (json: string): boolean => json.includes('"tag":[') || json.includes('"security":[');

function metaOf({ meta }: Resource): Json {
  return meta !== null && typeof meta === "object" && !Array.isArray(meta) ? (meta as Json) : {};
}

const codingsIn = (value: unknown): Json[] =>
  Array.isArray(value) ? (value as Json[]).filter((it) => it !== null && typeof it === "object") : [];

const keyOf = ({ system, code }: Json): string => JSON.stringify([system, code]);
