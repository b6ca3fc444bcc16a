/** The presentation of an answer: format, indentation, and which part of a resource (FHIR R4, http.html#general). */
import { parseJson } from "../../../fhir/json.ts";
import { fhirError } from "../../../fhir/outcome.ts";
import { type Subset, subsetOf } from "../../../fhir/subset.ts";
import type { Answer } from "../http/answer.ts";
import { httpError } from "../http/http-error.ts";
import { asksJson, isOtherVersion, mediaTypeOf } from "./media-types.ts";
import type { FhirRequest } from "./request.ts";

/** @throws 406 when the client accepts no JSON */
export function requireJson({ query, header }: Pick<FhirRequest, "query" | "header">): void {
  const format = query.find(([name]) => name === "_format")?.[1];
  if (format) {
    if (asksJson(mediaTypeOf(format)) && !isOtherVersion(format)) return;
    throw notAcceptable(format);
  }
  const accept = header("accept");
  if (accept === undefined || accept.trim() === "") return;
  const isTaken = accept.split(",").some((range) => {
    const type = mediaTypeOf(range);
    const isRefused = /;\s*q=0(?:\.0*)?\s*(?:;|$)/.test(range);
    return !isRefused && !isOtherVersion(range) && (asksJson(type) || type === "*/*" || type === "application/*" || type === "text/html");
  });
  if (!isTaken) throw notAcceptable(accept);
}

const notAcceptable = (wanted: string) =>
  httpError(406, "NOT_ACCEPTABLE", `FHIR is served as application/fhir+json, not as ${wanted.slice(0, 100)}.`);

/** Longer answers are not indented, characters: deeply nested JSON grows to twenty times its length. */
const MAX_PRETTY = 500_000;

/** The answer, indented if the client has asked for it by `_pretty=true`. */
export function prettied(request: Pick<FhirRequest, "query">, answer: Answer): Answer {
  if (
    answer.body === undefined ||
    answer.body.length > MAX_PRETTY ||
    !request.query.some(([name, value]) => name === "_pretty" && value === "true")
  ) {
    return answer;
  }
  return { ...answer, body: JSON.stringify(parseJson(answer.body), null, 2) };
}

/** Limit of the elements in `_elements`. */
const MAX_ELEMENTS = 100;

/** The part that `_summary` and `_elements` ask for; undefined: all. @throws FhirError 400 */
export function subsetAsked({ summary, elements }: { summary?: string; elements?: string[] }): Subset | undefined {
  if (summary !== undefined && summary !== "false" && elements) {
    throw fhirError(400, "invalid", "_summary and _elements do not go together.", "_elements");
  }
  if (elements && elements.length > MAX_ELEMENTS) {
    throw fhirError(400, "too-costly", `_elements names ${elements.length} elements; ${MAX_ELEMENTS} are the most.`, "_elements");
  }
  if (elements) return { elements };
  if (summary === "true" || summary === "text" || summary === "data") return { summary };
  return undefined;
}

/** The same for a read, from its query. @throws FhirError 400 */
export function subsetOfRead({ query }: Pick<FhirRequest, "query">): Subset | undefined {
  const value = (wanted: string) => query.find(([name]) => name === wanted)?.[1] || undefined; // empty counts as absent
  const summary = value("_summary");
  if (summary !== undefined && !["true", "text", "data", "false"].includes(summary)) {
    throw fhirError(400, "value", "_summary of a read or a history must be true, text, data or false.", "_summary");
  }
  const elements = value("_elements")
    ?.split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return subsetAsked({ ...(summary !== undefined && { summary }), ...(elements && { elements }) });
}

/** JSON text of the part. */
export const subsetText = (json: string, subset: Subset | undefined): string =>
  subset === undefined ? json : JSON.stringify(subsetOf(parseJson(json) as Record<string, unknown>, subset));
