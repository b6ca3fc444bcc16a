/**
 * Links in search criteria (`Encounter?subject=urn:uuid:…`): where a parameter is a reference, its value is a link as that of the
 * element (FHIR R4, http.html#trules). Pure.
 */
import { relativeReference } from "../ids.ts";
import { splitAt } from "../search/escapes.ts";
import { isResourceType, parametersOf, resourceTypes } from "../search/parameters.ts";
import { LinkKind, type Replacement } from "./links.ts";

/** What of a parameter's value is a link: the whole, an id, or those parts of a composite. */
type Links = "reference" | "id" | ReadonlySet<number> | undefined;

/**
 * The criteria with their links replaced; parts without one stay to the letter.
 * @param query behind `Type?`, percent-encoded or not
 */
export function replaceLinksInCriteria(type: string, query: string, replace: Replacement): string {
  // A link has a colon or, relative, a slash behind its type.
  if (!isResourceType(type) || !/[:/]|%3A|%2F/i.test(query)) return query;
  const known: Known = new Map();
  return query
    .split("&")
    .map((part) => {
      const mark = part.indexOf("=");
      if (mark < 0) return part;
      const links = linksIn(type, decoded(part.slice(0, mark)), known);
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

/** What is found out of a name once is not looked for again: chains without types lead to all of them at each link. */
type Known = Map<string, Links>;

function linksIn(type: string, name: string, known: Known): Links {
  const key = `${type} ${name}`;
  if (!known.has(key)) {
    known.set(key, undefined);
    known.set(key, linksAtEnd(type, name, known));
  }
  return known.get(key);
}

/** By the type of the parameter at the end of its chain. */
function linksAtEnd(type: string, name: string, known: Known): Links {
  const has = /^_has:([^:]+):[^:.]+:(.+)$/s.exec(name);
  if (has) return isResourceType(has[1] as string) ? linksIn(has[1] as string, has[2] as string, known) : undefined;
  const dot = name.indexOf(".");
  const [code = "", modifier = ""] = (dot < 0 ? name : name.slice(0, dot)).split(":");
  const parameter = parametersOf(type).get(code);
  if (dot >= 0) {
    if (parameter?.type !== "reference") return undefined;
    const rest = name.slice(dot + 1);
    const types = isResourceType(modifier) ? [modifier] : (parameter.targets ?? resourceTypes);
    for (const target of types) {
      const links = linksIn(target, rest, known);
      if (links !== undefined) return links;
    }
    return undefined;
  }
  if (code === "_id") return "id";
  if (parameter?.type === "composite") {
    const parts = (parameter.parts ?? []).flatMap((part, index) => (part.type === "reference" ? [index] : []));
    return parts.length > 0 ? new Set(parts) : undefined;
  }
  const isLink = parameter?.type === "reference" && !parameter.isCanonical && (modifier === "" || isResourceType(modifier));
  return isLink ? "reference" : undefined;
}

/** In a query a plus is a space; what is no percent-encoding stays as it is. */
function decoded(text: string): string {
  const spaced = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
