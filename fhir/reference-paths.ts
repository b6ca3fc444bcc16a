/** The elements by which a resource type refers to others, according to R4; extensions and notes may refer too. */
import { backboneOf, type ElementJson, elementsOf } from "./validate/structure-definition.ts";

/** An element that contains a Reference, or several. */
export interface ReferencePath {
  /** Path through members and arrays, without the type: `suppliedItem.itemReference`. */
  path: string;
  /** Resource types that it may refer to; absent: any. */
  targets?: readonly string[];
}

/** Levels up to which a backbone that contains itself (`Questionnaire.item`) is followed. */
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

/** All of a resource type; returns the same list each time. */
export function referencePathsOf(type: string): readonly ReferencePath[] {
  const found = known.get(type) ?? pathsIn(elementsOf(type), "", 0);
  known.set(type, found);
  return found;
}
