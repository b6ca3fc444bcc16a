/**
 * Replaces links in search criteria (`Encounter?subject=urn:uuid:…`): where a parameter is a reference, its value is a link, as in the
 * element itself (FHIR R4, http.html#trules). Pure.
 */
import { relativeReference } from "../ids.ts";
import { splitAt } from "../search/escapes.ts";
import { isResourceType, parametersOf, resourceTypes, type SearchParameter } from "../search/parameters.ts";
import { LinkKind, type Replacement } from "./links.ts";

/** Which part of a parameter's value is a link: all of it, as a reference or an id, or some parts of a composite. */
type Links = "reference" | "id" | ReadonlySet<number> | undefined;

/**
 * Returns the criteria with their links replaced; parts without a link stay to the letter.
 * @param query after `Type?`, percent-encoded or not
 */
export function replaceLinksInCriteria(type: string, query: string, replace: Replacement): string {
  // A link has a colon or, if it is relative, a slash after its type.
  if (!isResourceType(type) || !/[:/]|%3A|%2F/i.test(query)) return query;
  return query
    .split("&")
    .map((part) => {
      const mark = part.indexOf("=");
      if (mark < 0) return part;
      const links = linksIn(type, decoded(part.slice(0, mark)));
      if (links === undefined) return part;
      const value = decoded(part.slice(mark + 1));
      const now = splitAt(value, ",")
        .map((one) => replaced(one, links, replace))
        .join(",");
      return now === value ? part : `${part.slice(0, mark)}=${encodeURIComponent(now)}`;
    })
    .join("&");
}

function replaced(value: string, links: NonNullable<Links>, replace: Replacement): string {
  if (links === "reference") return replace(value, LinkKind.reference) ?? value;
  if (links === "id") return relativeReference(replace(value, LinkKind.reference) ?? "")?.id ?? value;
  return splitAt(value, "$")
    .map((part, index) => (links.has(index) ? (replace(part, LinkKind.reference) ?? part) : part))
    .join("$");
}

/** Longer chains are refused by the search itself, and not examined. */
const MAX_LINKS = 6;

const everyType: ReadonlySet<string> = new Set(resourceTypes);

/** Determined by the type of the parameter at the end of its chain, over all types to which each link may lead. */
function linksIn(type: string, name: string): Links {
  let types: ReadonlySet<string> = new Set([type]);
  let rest = name;
  for (let links = 0; links <= MAX_LINKS; links++) {
    const has = /^_has:([^:]+):[^:.]+:(.+)$/s.exec(rest);
    if (has) {
      if (!isResourceType(has[1] as string)) return undefined;
      types = new Set([has[1] as string]);
      rest = has[2] as string;
      continue;
    }
    const dot = rest.indexOf(".");
    const [code = "", modifier = ""] = (dot < 0 ? rest : rest.slice(0, dot)).split(":", 2);
    if (dot < 0) return linksAtEnd(types, code, modifier);
    types = targetsOf(types, code, modifier);
    rest = rest.slice(dot + 1);
  }
  return undefined;
}

/** The types that a reference of one of these types may lead to. */
function targetsOf(types: ReadonlySet<string>, code: string, modifier: string): ReadonlySet<string> {
  const targets = new Set<string>();
  for (const { type, parameter } of parametersNamed(code)) {
    if (!types.has(type) || parameter.type !== "reference") continue;
    if (isResourceType(modifier)) return new Set([modifier]);
    if (!parameter.targets) return everyType;
    for (const target of parameter.targets) targets.add(target);
  }
  return targets;
}

function linksAtEnd(types: ReadonlySet<string>, code: string, modifier: string): Links {
  if (code === "_id") return types.size > 0 ? "id" : undefined;
  for (const { type, parameter } of parametersNamed(code)) {
    if (!types.has(type)) continue;
    if (parameter.type === "composite") {
      const parts = (parameter.parts ?? []).flatMap((part, index) => (part.type === "reference" ? [index] : []));
      if (parts.length > 0) return new Set(parts);
    }
    if (parameter.type === "reference" && !parameter.isCanonical && (modifier === "" || isResourceType(modifier))) return "reference";
  }
  return undefined;
}

interface OfType {
  type: string;
  parameter: SearchParameter;
}

let byCode: Map<string, OfType[]> | undefined;

/** The search parameters of this name, of all types. */
function parametersNamed(code: string): OfType[] {
  if (!byCode) {
    byCode = new Map();
    for (const type of resourceTypes) {
      for (const [name, parameter] of parametersOf(type)) {
        const others = byCode.get(name);
        if (others) others.push({ type, parameter });
        else byCode.set(name, [{ type, parameter }]);
      }
    }
  }
  return byCode.get(code) ?? [];
}

/** In a query a plus is a space; text that is not valid percent-encoding stays as it is. */
function decoded(text: string): string {
  const spaced = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
