/** References (R4, search.html#reference): their index rows, and questions for them. */
import { ID_PATTERN, isId, relativeReference } from "../../ids.ts";
import { fhirError } from "../../outcome.ts";
import { behindBase } from "../../own-address.ts";
import { unescaped } from "../escapes.ts";
import { isResourceType, resourceTypes, type SearchParameter } from "../parameters.ts";
import { type BareId, type Clause, SEP } from "../query.ts";
import type { Context } from "./context.ts";
import { tokenMatches } from "./token.ts";
import { canonical, canonicalBelow, uri } from "./uri.ts";
import { isObject, isText, type RowWriter } from "./writer.ts";

/** Values that a store compares in one clause; an id without a type counts once per type. */
const MAX_MATCHES = 10_000;

/** Matches no resource. */
export const NOTHING: Clause = { kind: "id", any: [] };

/** `Patient/1/_history/2` and `Patient/1#part` → `Patient/1`; undefined for a contained resource. */
export function referenceOf(reference: string): string | undefined {
  if (reference.startsWith("#")) return undefined;
  const version = reference.indexOf("/_history/");
  const place = version > 0 ? reference.slice(0, version) : reference;
  return PART.test(place) ? place.slice(0, place.indexOf("#")) : place;
}

/** A part of a resource on this server; in other URLs a `#` may mean anything. */
const PART = new RegExp(`^[A-Z][A-Za-z]+/${ID_PATTERN}#`);

/** A reference: by its target, by an identifier, or to a contained resource. */
export const reference: RowWriter = (sink, value) => {
  if (!isObject(value)) return;
  if (isText(value.reference)) {
    const target = referenceOf(value.reference);
    if (target) sink.key(`=${target}`);
    else sink.contained(value.reference);
  }
  if (isObject(value.identifier) && isText(value.identifier.value)) {
    sink.key(`@${value.identifier.value}${SEP}${isText(value.identifier.system) ? value.identifier.system : ""}`);
  }
};

/** Writers of the data types in which references are searched; any other is a Reference. */
export const references: Record<string, RowWriter> = {
  Reference: reference,
  canonical,
  uri,
  url: uri,
  Resource: (sink, value) =>
    isObject(value) && isText(value.resourceType) && isText(value.id) && sink.key(`=${value.resourceType}/${value.id}`),
};

/** @param type only references to it; "" for any */
export function referenceMatches(
  parameter: SearchParameter,
  type: string,
  value: string,
  name: string,
  { base, bases }: Context,
): { eq: string }[] {
  const text = behindBase(value, bases) ?? value;
  const local = relativeReference(text);
  // A canonical is stored as it was sent, under whichever base URL.
  const both = (relative: string): { eq: string }[] =>
    [relative, ...(base ? [`${base}/${relative}`] : []), ...(text === value || value.startsWith(`${base}/`) ? [] : [value])].map((one) => ({
      eq: `=${one}`,
    }));
  if (local && isResourceType(local.type)) {
    if (type && local.type !== type) throw fhirError(400, "invalid", `"${name}" asks for ${type}, its value is of another type.`, name);
    return parameter.only && local.type !== parameter.only ? [] : both(referenceOf(text) as string);
  }
  if (isId(text)) {
    const types = type ? [type] : (parameter.targets ?? resourceTypes);
    return types.filter((one) => !parameter.only || one === parameter.only).flatMap((one) => both(`${one}/${text}`));
  }
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:/.test(text)) throw fhirError(400, "invalid", `"${name}" needs an id, Type/id or an absolute URL.`, name);
  const restriction = type || parameter.only;
  const isOther = restriction && !parameter.isCanonical && /^https?:/.test(text) && !text.includes(`/${restriction}/`);
  return isOther ? [] : [{ eq: `=${referenceOf(text)}` }];
}

/** The values as one clause. @throws FhirError 400 */
export function referenceClause(parameter: SearchParameter, modifier: string, values: string[], name: string, context: Context): Clause {
  const { slots } = parameter;
  if (modifier === "identifier") return { kind: "key", slots, any: values.flatMap((text) => tokenMatches("@", parameter, text, name)) };
  if (modifier === "below") return { kind: "key", slots, any: values.flatMap((text) => canonicalBelow(unescaped(text))) };
  const any = values.flatMap((text) => referenceMatches(parameter, modifier, unescaped(text), name, context));
  if (any.length > MAX_MATCHES) {
    throw fhirError(400, "too-costly", `"${name}" has too many ids without a type: write them as Type/id.`, name);
  }
  if (any.length === 0) return NOTHING;
  const bare = values.flatMap((text) => bareIdOf(parameter, modifier, unescaped(text), name, context) ?? []);
  return bare.length > 0 ? { kind: "key", slots, any, bare } : { kind: "key", slots, any };
}

/** An id without a type, if the reference may lead to several types. */
function bareIdOf(parameter: SearchParameter, modifier: string, id: string, name: string, context: Context): BareId | undefined {
  if (modifier || parameter.only || parameter.isCanonical || parameter.targets?.length === 1 || !isId(id)) return undefined;
  const types = parameter.targets ?? resourceTypes;
  const valuesFor = (type: string) => referenceMatches(parameter, type, `${type}/${id}`, name, context).map(({ eq }) => eq);
  return { name, id, byType: Object.fromEntries(types.map((type) => [type, valuesFor(type)])) };
}
