/** Finds the elements of given data types in a resource type, by R4's definitions, without extensions. */
import { backboneOf, type ElementJson, elementsOf } from "./structure-definition.ts";

/** An element of one of the given data types. */
export interface NamingElement {
  /** Path through members and lists, without the resource's type: `activity.progress`. */
  path: string;
  /** The data type. */
  type: string;
}

/** Levels up to which a backbone that contains itself (`Questionnaire.item`) is followed. */
const MAX_DEPTH = 4;

const known = new Map<string, readonly NamingElement[]>();

/** All such elements of a resource type. @param wanted the data types by name; always the same object, since results are kept per type */
export function elementsNaming(type: string, wanted: Readonly<Record<string, string>>): readonly NamingElement[] {
  const found = known.get(type) ?? elementsIn(elementsOf(type), wanted, { start: "", depth: 0 });
  known.set(type, found);
  return found;
}

function elementsIn(elements: ElementJson[], wanted: object, { start, depth }: { start: string; depth: number }): NamingElement[] {
  return elements.flatMap(({ name, types = [], elements: own, as }): NamingElement[] => {
    const path = `${start}${name}`;
    const type = types.length === 1 ? types[0] : undefined;
    if (type !== undefined && type in wanted) return [{ path, type }];
    const inner = own ?? (as === undefined ? [] : backboneOf(as).elements);
    return depth < MAX_DEPTH ? elementsIn(inner, wanted, { start: `${path}.`, depth: depth + 1 }) : [];
  });
}
