/** Where a resource type has elements of a data type, as R4 defines it; extensions are not gone into. */
import { backboneOf, type ElementJson, elementsOf } from "./structure-definition.ts";

/** An element of one of the data types that are looked for. */
export interface NamingElement {
  /** Through members and lists, without the resource's type: `activity.progress`. */
  path: string;
  /** The data type. */
  type: string;
}

/** Backbones that hold themselves (`Questionnaire.item`) are gone into so often. */
const MAX_DEPTH = 4;

const known = new Map<string, readonly NamingElement[]>();

/** All of a resource type. @param wanted the data types, by name: the same each time. Bound: R4's types */
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
