/** By which elements a resource type refers to others, as R4 defines it; extensions and notes refer besides. */
import { backboneOf, type ElementJson, elementsOf } from "./validate/structure-definition.ts";

/** One element that holds a Reference, or several. */
export interface ReferencePath {
  /** Through members and arrays, without the type: `suppliedItem.itemReference`. */
  path: string;
  /** Resource types that it may lead to; absent: any. */
  targets?: readonly string[];
}

/** Backbones that hold themselves (`Questionnaire.item`) are gone into so often. */
const MAX_DEPTH = 4;

function pathsIn(elements: ElementJson[], start: string, depth: number): ReferencePath[] {
  return elements.flatMap((element): ReferencePath[] => {
    const { name, types = [], elements: own, as, isChoice, targets } = element;
    const inner = own ?? (as === undefined ? [] : backboneOf(as).elements);
    const within = depth < MAX_DEPTH ? pathsIn(inner, `${start}${name}.`, depth + 1) : [];
    if (!types.includes("Reference")) return within;
    return [{ path: `${start}${name}${isChoice || types.length > 1 ? "Reference" : ""}`, ...(targets && { targets }) }, ...within];
  });
}

const known = new Map<string, readonly ReferencePath[]>();

/** All of a resource type: the same list each time. Bound: R4's types. */
export function referencePathsOf(type: string): readonly ReferencePath[] {
  const found = known.get(type) ?? pathsIn(elementsOf(type), "", 0);
  known.set(type, found);
  return found;
}
