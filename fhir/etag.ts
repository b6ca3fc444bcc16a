/** Versions in HTTP headers: `W/"3"` (FHIR R4, http.html#versioning). Pure. */
import { FhirError } from "./outcome.ts";

/** The weak entity tag of a version: 3 → `W/"3"`. */
export const etagOf = (version: number): string => `W/"${version}"`;

/**
 * The versions that an If-Match or If-None-Match of a write (or an entry's ifMatch, ifNoneMatch) names; undefined without the header or for `*`.
 * A tag that is not a version of this server matches nothing: it becomes -1.
 *
 * @param where the header, or the member of the entry, for errors
 * @throws FhirError 400 if the header is not a list of entity tags
 */
export function versionsNamedIn(header: string | undefined, where: string): number[] | undefined {
  if (header === undefined || header.trim() === "*") return undefined;
  return header.split(",").map((part) => {
    const tag = /^(?:W\/)?"([^"]*)"$/.exec(part.trim())?.[1] ?? /^\d+$/.exec(part.trim())?.[0];
    if (tag === undefined) {
      throw new FhirError(400, [
        { severity: "error", code: "invalid", diagnostics: `${where} must be an entity tag like W/"3".`, expression: [where] },
      ]);
    }
    return /^[1-9]\d{0,8}$/.test(tag) ? Number(tag) : -1;
  });
}

/** Whether an If-None-Match names this version, or any by `*`; as in If-Match, the quotes may be missing. */
export const isNamedBy = (header: string | undefined, version: number | string): boolean =>
  header !== undefined &&
  (header.trim() === "*" || header.split(",").some((part) => [`"${version}"`, `${version}`].includes(part.trim().replace(/^W\//, ""))));
