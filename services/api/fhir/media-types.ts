/** Media types of FHIR, in what a client sends and in what it accepts (R4, http.html#mime-type). */

/** Of every answer in FHIR. */
export const FHIR_JSON = "application/fhir+json; charset=utf-8";

/** Names of FHIR's JSON in headers. */
const FHIR_TYPES = new Set(["application/fhir+json", "application/json", "application/json+fhir", "text/json"]);

/** `text/plain; charset=utf-8` → `text/plain`. In a query `+` is a space: `_format=application/fhir+json` is meant all the same. */
export const mediaTypeOf = (text: string): string => (text.split(";", 1)[0] ?? "").trim().toLowerCase().replace("fhir json", "fhir+json");

/** Whether a media type, as `mediaTypeOf` gives it, is FHIR's JSON. */
export const isFhirJson = (mediaType: string): boolean => FHIR_TYPES.has(mediaType);

/** The same of what an answer shall be: `json` is `_format`'s short name, which some clients accept as well. */
export const asksJson = (mediaType: string): boolean => mediaType === "json" || isFhirJson(mediaType);

/** Whether a list of media types names one of FHIR, JSON included. */
export const namesFhir = (mediaTypes: string | undefined): boolean =>
  (mediaTypes ?? "").split(",").some((range) => asksJson(mediaTypeOf(range)) || /\bfhir\b/.test(mediaTypeOf(range)));

/** Whether a media type names another version of FHIR than R4 (http.html#version-parameter); 4.1 and 4.3 are R4B. */
export const isOtherVersion = (mediaType: string): boolean => /;\s*fhirVersion\s*=\s*"?(?!4\.0(?:\.\d+)?"?\s*(?:;|,|$))/i.test(mediaType);
