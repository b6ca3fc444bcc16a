/** Removes from errors the references to resources that the caller may not see. */
import { isType } from "../../../federation/errors.ts";
import { ID_PATTERN } from "../../../fhir/ids.ts";
import { isResourceType } from "../../../fhir/search/parameters.ts";
import type { Issue } from "../../../fhir/outcome.ts";
import type { Rights } from "../../../mesh/access/access.ts";

/** A trailing dot belongs to the sentence. */
const PLACE = new RegExp(String.raw`(https?://[^\s"'<>]*/)?\b([A-Z][A-Za-z]+)/(${ID_PATTERN})(?<!\.)(?:/_history/\d+)?`, "g");
/** Definitions are named by absolute URLs everywhere, which are not resources here: `http://hl7.org/fhir/ValueSet/administrative-gender`. */
const DEFINITIONS = new Set([
  "CodeSystem",
  "ConceptMap",
  "NamingSystem",
  "OperationDefinition",
  "SearchParameter",
  "StructureDefinition",
  "ValueSet",
]);
/** Nesting depth of an error's data; no error of the project has as many. */
const MAX_DEPTH = 8;
/** Resources looked for in the request, which may be 32 MB; further ones are removed. */
const MAX_LOOKED_FOR = 20;

/**
 * The error without ids of resources of types that the caller may not fully see, unless the caller has named them. That a resource exists is
 * still said, as it is the reason of the refusal.
 * @param rights undefined: unlimited @param sent by the caller, URL and body
 */
export function withoutHiddenReferences(error: unknown, rights: Rights | undefined, sent: readonly string[]): unknown {
  // Errors about an action's parameters are raised before anything is read: references in them are examples.
  if (!rights || typeof error !== "object" || error === null || isType(error, "VALIDATION_ERROR")) return error;
  const named = new Map<string, boolean>();
  const isNamed = (place: string): boolean => {
    const known = named.get(place) ?? (named.size < MAX_LOOKED_FOR && sent.some((one) => names(one, place)));
    named.set(place, known);
    return known;
  };
  const shown = (text: string) =>
    text.replace(PLACE, (place, base: string | undefined, type: string, id: string) => {
      if (!isResourceType(type) || (base !== undefined && DEFINITIONS.has(type))) return place;
      return rights.with(type, "r") === "all" || isNamed(`${type}/${id}`) ? place : `${base ?? ""}${type} (not shown to you)`;
    });
  const { message, data, issues } = error as { message?: unknown; data?: unknown; issues?: Issue[] };
  // A copy, as others may hold the same error.
  return Object.create(error, {
    ...(typeof message === "string" && { message: { value: shown(message) } }),
    ...(data !== undefined && { data: { value: mapped(data, shown, MAX_DEPTH) } }),
    ...(issues !== undefined && { issues: { value: mapped(issues, shown, MAX_DEPTH) } }),
  });
}

const OF_ID = /[A-Za-z0-9.-]/;

/** Whether a text contains the reference itself and not only a longer one: `Patient/1` is not named by `Patient/12`. */
function names(text: string, place: string): boolean {
  for (let at = text.indexOf(place); at >= 0; at = text.indexOf(place, at + 1)) {
    if (!OF_ID.test(text.charAt(at + place.length)) && !/[A-Za-z]/.test(text.charAt(at - 1))) return true;
  }
  return false;
}

/** The same value with all its texts changed. */
function mapped(value: unknown, change: (text: string) => string, depth: number): unknown {
  if (typeof value === "string") return change(value);
  if (depth === 0 || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => mapped(one, change, depth - 1));
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, mapped(one, change, depth - 1)]));
}
