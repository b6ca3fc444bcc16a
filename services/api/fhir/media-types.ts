/** FHIR's media types, in what clients send and accept (R4, http.html#mime-type). */

/** Content-Type of every FHIR answer. */
export const FHIR_JSON = "application/fhir+json; charset=utf-8";

/** Names of FHIR's JSON in headers. */
const FHIR_TYPES = new Set(["application/fhir+json", "application/json", "application/json+fhir", "text/json"]);

/** `text/plain; charset=utf-8` → `text/plain`. In a query `+` means a space: `_format=application/fhir+json` is accepted all the same. */
export const mediaTypeOf = (text: string): string => (text.split(";", 1)[0] ?? "").trim().toLowerCase().replace("fhir json", "fhir+json");

/** Whether a media type, as `mediaTypeOf` gives it, is FHIR's JSON. */
export const isFhirJson = (mediaType: string): boolean => FHIR_TYPES.has(mediaType);

/** The same for a requested format: also `json`, the short name in `_format`, which some clients send in Accept as well. */
export const asksJson = (mediaType: string): boolean => mediaType === "json" || isFhirJson(mediaType);

/** Whether a list of media types contains one of FHIR, including JSON. */
export const namesFhir = (mediaTypes: string | undefined): boolean =>
  (mediaTypes ?? "").split(",").some((range) => asksJson(mediaTypeOf(range)) || /\bfhir\b/.test(mediaTypeOf(range)));

/** Whether a media type names another version of FHIR than R4 (http.html#version-parameter); 4.1 and 4.3 are R4B. */
export const isOtherVersion = (mediaType: string): boolean => /;\s*fhirVersion\s*=\s*"?(?!4\.0(?:\.\d+)?"?\s*(?:;|,|$))/i.test(mediaType);
