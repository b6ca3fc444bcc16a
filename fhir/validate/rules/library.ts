/** Rules that are not plain, by the FHIRPath library. */
import { evaluateAt } from "../../fhirpath.ts";
import type { Scope } from "./compile.ts";

/** @param base the type, or path of the backbone, of the element that the expression is evaluated on */
export function libraryRule(expression: string, base: string): (node: unknown, scope: Scope) => boolean {
  return (node, { resource }) => {
    try {
      const found = evaluateAt(expression, base, node, { resource });
      return found.length === 1 && found[0] === true;
    } catch {
      return false; // what the element holds is so malformed that nothing can be said of it; the faults say so
    }
  };
}
