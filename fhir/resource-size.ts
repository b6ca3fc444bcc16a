/** How large a resource that a client sends may be. Each part and each search value takes an owner some microseconds, during which others wait. */
import { MAX_PARTS_OF_RESOURCE } from "./json.ts";
import { MAX_INDEX_ROWS } from "./search/index-row-builder.ts";

/** Limits of one resource: objects, lists and members; search values. */
export interface SizeLimits {
  parts: number;
  rows: number;
}

const USUAL: SizeLimits = { parts: MAX_PARTS_OF_RESOURCE, rows: MAX_INDEX_ROWS };
/** A code system is one resource under one url: the French edition of ICD-10 has 43,000 codes, most code lists of a hospital have fewer. */
const OF_CODE_LISTS: SizeLimits = { parts: 400_000, rows: 65_000 };
const CODE_LISTS: ReadonlySet<string> = new Set(["CodeSystem", "ValueSet", "ConceptMap"]);

/** The limits for a type. */
export const sizeLimitsOf = (type: string): SizeLimits => (CODE_LISTS.has(type) ? OF_CODE_LISTS : USUAL);
