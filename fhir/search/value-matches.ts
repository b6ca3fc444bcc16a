/** One search value as what a row is compared with, by search type (R4 3.1.1.4). */
import { fhirError } from "../outcome.ts";
import { fold } from "./fold.ts";
import type { SearchParameter } from "./parameters.ts";
import { isResourceType, resourceTypes } from "./parameters.ts";
import type { KeyMatch, RangeMatch } from "./query.ts";
import { SEP } from "./query.ts";
import { type DateReading, numberMatches } from "./ranges.ts";
import { referenceOf } from "./rows.ts";
import { splitAt, unescaped } from "./escapes.ts";
import { isId, relativeReference } from "../ids.ts";

/** What the meaning of a value depends on beside itself. */
export interface Context {
  /** The server's base URL without a slash at its end; "" when it has none. */
  base: string;
  /** Milliseconds since 1970. */
  now: number;
  /** How `ge` and `le` take periods; default: as R4's letter. */
  dates?: DateReading;
}

/** `code`, `system|code`, `|code`, `system|` */
export function tokenMatches(facet: "=" | "@", parameter: SearchParameter, value: string, name: string): KeyMatch[] {
  const [first = "", second, ...more] = splitAt(value, "|").map(unescaped);
  if (more.length || (second === "" && first === ""))
    throw fhirError(400, "invalid", `"${name}" needs code, system|code, |code or system|. A bar within a value is written \\|.`, name);
  if (second === undefined) {
    const forms = parameter.ignoresCase ? [...new Set([first, first.toLowerCase()])] : [first];
    return forms.map((code) => ({ prefix: `${facet}${code}${SEP}` }));
  }
  if (parameter.isPlain)
    throw fhirError(400, "invalid", `"${name}" has no system: give the value alone. A bar within it is written \\|.`, name);
  if (second === "") return [{ facet, ends: `${SEP}${first}` }];
  const matches: KeyMatch[] = [{ eq: `${facet}${second}${SEP}${first}` }];
  if (first && parameter.isImplied) matches.push({ eq: `${facet}${second}${SEP}` });
  return matches;
}

/** `:of-type`: `system|code|value`. @throws FhirError 400 */
export function ofTypeMatch(value: string, name: string): KeyMatch {
  const parts = splitAt(value, "|").map(unescaped);
  if (parts.length !== 3 || parts.includes(""))
    throw fhirError(400, "invalid", `"${name}" needs the identifier's type and value: system|code|value.`, name);
  return { eq: `%${parts[2]}${SEP}${parts[0]}${SEP}${parts[1]}` };
}

/** Text as it is compared. @throws FhirError 400 when nothing is left of it */
export function folded(text: string, name: string): string {
  const found = fold(unescaped(text));
  if (!found) throw fhirError(400, "invalid", `"${name}" has no letter or digit to search for.`, name);
  return found;
}

/** @param hasParts the parameter looks at names, whose later parts are rows of their own */
export function stringMatches(text: string, modifier: string, name: string, hasParts: boolean): KeyMatch[] {
  if (modifier === "exact") return [{ eq: `=${unescaped(text)}` }];
  const wanted = folded(text, name);
  if (modifier === "contains") return [{ facet: "~", contains: wanted }];
  return hasParts ? [{ prefix: `~${wanted}` }, { prefix: `+${wanted}` }] : [{ prefix: `~${wanted}` }];
}

/** `text/xml` also finds `text/xml; charset=UTF-8` (R4 3.1.1.4.10.1). */
export function mimeMatches(type: string): KeyMatch[] {
  return [{ prefix: `=${type}${SEP}` }, { prefix: `=${type};` }, { prefix: `=${type} ;` }];
}

/** Any version that begins so: `http://a|1` finds `http://a|1.0` (R4 3.1.1.4.13). */
export function canonicalBelow(url: string): KeyMatch[] {
  return url.includes("|") ? [{ eq: `=${url}` }, { prefix: `=${url}.` }] : [{ eq: `=${url}` }];
}

/** A uri, or with `below` and `above` what is under it or over it. @throws FhirError 400 for the path of a URN */
export function uriMatches(uri: string, modifier: string, name: string): KeyMatch[] {
  if (modifier === "") return [{ eq: `=${uri}` }];
  if (/^urn:/i.test(uri)) throw fhirError(400, "invalid", `":${modifier}" is about the path of a URL; a URN has none.`, name);
  if (modifier === "below") return [{ prefix: `=${uri}` }];
  return ancestorsOf(uri).map((above) => ({ eq: `=${above}` }));
}

/** `http://a/b/c` → itself, `http://a/b/`, `http://a/b`, `http://a/`, `http://a` */
function ancestorsOf(uri: string): string[] {
  const found = new Set([uri]);
  const root = /^[a-z][a-z0-9+.-]*:\/\/[^/]*/i.exec(uri)?.[0].length ?? 0;
  for (let end = uri.lastIndexOf("/"); end >= root && end > 0 && found.size < 200; end = uri.lastIndexOf("/", end - 1)) {
    found.add(uri.slice(0, end + 1)).add(uri.slice(0, end));
  }
  return [...found];
}

/** @param type only references to it; "" for any */
export function referenceMatches(
  parameter: SearchParameter,
  type: string,
  value: string,
  name: string,
  { base }: Context,
): { eq: string }[] {
  const text = base && value.startsWith(`${base}/`) ? value.slice(base.length + 1) : value;
  const local = relativeReference(text);
  const both = (relative: string): { eq: string }[] =>
    base ? [{ eq: `=${relative}` }, { eq: `=${base}/${relative}` }] : [{ eq: `=${relative}` }];
  if (local && isResourceType(local.type)) {
    if (type && local.type !== type) throw fhirError(400, "invalid", `"${name}" asks for ${type}, its value is of another type.`, name);
    return parameter.only && local.type !== parameter.only ? [] : both(referenceOf(text)!);
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

/** `5.4`, `5.4|system|code`, `5.4||unit` */
export function quantityMatches(value: string, name: string): RangeMatch[] {
  const [number = "", system, code, ...more] = splitAt(value, "|").map(unescaped);
  if (more.length || (system !== undefined && !code))
    throw fhirError(400, "invalid", `"${name}" needs number, number|system|code or number||unit.`, name);
  const unit = code === undefined ? undefined : system ? { eq: `${code}${SEP}${system}` } : { prefix: `${code}${SEP}` };
  return numberMatches(number, name).map((match) => (unit ? { ...match, unit } : match));
}
