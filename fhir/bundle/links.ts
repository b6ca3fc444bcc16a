/**
 * Finds the links of a resource (FHIR R4, http.html#trules) by the types of its elements, never by their names or by the look of a
 * text. Compiled once per type; works on parsed JSON in place.
 */
import { comparableUri } from "./uris.ts";
import { backboneOf, type ElementJson, elementsOf, isPrimitiveType, isResource } from "../validate/structure-definition.ts";
import { ID_PATTERN } from "../ids.ts";

/** Links are references, elements of type uri and url, and `href` and `src` in narratives. */
export const LinkKind = { reference: 0, uri: 1, narrative: 2 } as const;
export type LinkKind = (typeof LinkKind)[keyof typeof LinkKind];

/**
 * Returns the replacement of a link; undefined leaves it unchanged.
 * @param isInBundle whether it is inside a Bundle that is stored as one
 */
export type Replacement = (link: string, kind: LinkKind, isInBundle?: boolean) => string | undefined;

/** A JSON member that is a link, or contains some; all other members are skipped. */
interface Member {
  /** Set if the member itself is a link. */
  kind?: LinkKind;
  /** For an object: its type, or the path of its backbone; "" for a resource, which names its type itself. */
  inside: string;
  /** Compiled when the first one is met, since types contain each other in circles. */
  members?: Members;
}
type Members = ReadonlyMap<string, Member>;

/**
 * Elements of type uri that are no links: they identify something (or its format), wherever that is stored, such as a namespace
 * (`system`), the rules and the source of a resource, the type of a reference's target.
 */
const IDENTIFYING = new Set([
  "Extension.url",
  "Coding.system",
  "Identifier.system",
  "Quantity.system",
  "Meta.source",
  "Resource.implicitRules",
  "Reference.type",
  "StructureDefinition.type",
  "ElementDefinition.type.code",
  "ElementDefinition.contentReference",
  "CodeSystem.property.uri",
  "ConceptMap.source",
  "ConceptMap.target",
  "ConceptMap.group.source",
  "ConceptMap.group.target",
  "ConceptMap.group.element.target.dependsOn.property",
  "ValueSet.compose.include.system",
  "ValueSet.expansion.identifier",
  "ValueSet.expansion.contains.system",
  "Bundle.link.url",
  "Bundle.entry.fullUrl",
  "Bundle.entry.request.url",
  "Bundle.entry.response.location",
]);

/** Constraints of a definition on other values; a replacement would change what is allowed. */
const DEMANDED = new Set(["ElementDefinition.fixed", "ElementDefinition.pattern", "ElementDefinition.defaultValue"]);

const compiled = new Map<string, Members>();

function membersOf(name: string): Members {
  const known = compiled.get(name);
  if (known) return known;
  const members = new Map<string, Member>();
  const elements = name.includes(".") ? backboneOf(name).elements : elementsOf(name);
  for (const element of elements) addMembers(members, element, name);
  compiled.set(name, members);
  return members;
}

function addMembers(members: Map<string, Member>, { name, types, elements, as, isChoice }: ElementJson, owner: string): void {
  const path = `${owner}.${name}`;
  if (DEMANDED.has(path)) return;
  if (elements || as !== undefined) {
    members.set(name, { inside: as ?? path });
    return;
  }
  for (const type of types ?? []) {
    const member = isChoice ? name + type[0]?.toUpperCase() + type.slice(1) : name;
    if (!isPrimitiveType(type)) {
      members.set(member, { inside: type === "Resource" ? "" : type });
      continue;
    }
    const kind = kindOf(path, type);
    if (kind !== undefined) members.set(member, { kind, inside: "Element" });
    members.set(`_${member}`, { inside: "Element" }); // the extensions of a primitive
  }
}

/**
 * R4 does not list canonical as a link. It lists uuid and oid, but no replacement has their form: a valid resource would become
 * invalid.
 */
function kindOf(path: string, type: string): LinkKind | undefined {
  if (path === "Reference.reference") return LinkKind.reference;
  if (type === "xhtml") return LinkKind.narrative;
  if (type !== "uri" && type !== "url") return undefined;
  const isOwnAddress = /^[A-Za-z]+\.url$/.test(path) && isResource(path.slice(0, -4)); // a definition's canonical url
  return isOwnAddress || IDENTIFYING.has(path) || path.endsWith(".implicitRules") ? undefined : LinkKind.uri;
}

/**
 * Calls `replace` for each link of a resource, including its extensions and contained resources, and stores the result in its
 * place. Values that have not the form of their type are skipped: the owner will refuse them.
 */
export function replaceLinks(resource: unknown, replace: Replacement): void {
  if (resource === null || typeof resource !== "object") return;
  const { resourceType } = resource as { resourceType?: unknown };
  if (typeof resourceType !== "string" || !isResource(resourceType)) return;
  const inside = resourceType === "Bundle" ? outsideOf(resource as { entry?: unknown }, replace) : replace;
  replaceIn(resource as Record<string, unknown>, membersOf(resourceType), inside);
}

function replaceIn(object: Record<string, unknown>, members: Members, replace: Replacement): void {
  for (const name in object) {
    const member = members.get(name);
    if (member === undefined) continue;
    const value = object[name];
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index += 1) value[index] = replaced(value[index], member, replace);
    } else {
      const now = replaced(value, member, replace);
      if (now !== value) object[name] = now;
    }
  }
}

function replaced(value: unknown, member: Member, replace: Replacement): unknown {
  if (typeof value === "string") {
    if (member.kind === undefined) return value;
    return member.kind === LinkKind.narrative ? inNarrative(value, replace) : (replace(value, member.kind) ?? value);
  }
  if (value === null || typeof value !== "object") return value;
  if (member.inside === "") replaceLinks(value, replace);
  else {
    member.members ??= membersOf(member.inside);
    replaceIn(value as Record<string, unknown>, member.members, replace);
  }
  return value;
}

const IN_NARRATIVE = /(\b(?:href|src)\s*=\s*)(["'])([^"']*)\2/g;

function inNarrative(div: string, replace: Replacement): string {
  if (!div.includes("href") && !div.includes("src")) return div;
  return div.replace(IN_NARRATIVE, (whole, before: string, quote: string, link: string) => {
    const target = replace(link, LinkKind.narrative);
    return target === undefined ? whole : `${before}${quote}${target}${quote}`;
  });
}

/** A URL that ends with `Type/id`. */
const AT_THE_END = new RegExp(`/([A-Z][A-Za-z]+/${ID_PATTERN})$`);

/** In a bundle that is stored as one, links to its own entries stay: their targets are in it. */
function outsideOf({ entry }: { entry?: unknown }, replace: Replacement): Replacement {
  const own = new Set<string>();
  for (const item of Array.isArray(entry) ? (entry as ({ fullUrl?: unknown } | null)[]) : []) {
    const fullUrl = item?.fullUrl;
    if (typeof fullUrl !== "string") continue;
    own.add(comparableUri(fullUrl));
    const relative = AT_THE_END.exec(fullUrl)?.[1];
    if (relative !== undefined) own.add(relative);
  }
  return (link, kind) => (own.has(comparableUri(link)) ? undefined : replace(link, kind, true));
}
