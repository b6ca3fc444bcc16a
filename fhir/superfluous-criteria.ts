/**
 * A write of one resource by its id is not conditional (FHIR R4, http.html#cond-update). Search criteria in its URL would be ignored, and the resource
 * written or deleted whatever they say; so they are refused.
 */

/** Criteria that start with `_`, like the parameters that clients send along with any request (`_format`, `_pretty`). */
const UNDERSCORED = /^_(?:content|filter|has|id|lastUpdated|list|profile|query|security|source|tag|text|type)(?=:|$)/;

/** Why a write of one resource by its id must not have these query parameters; undefined if it may. */
export function superfluousCriterion(type: string, names: Iterable<string>): { diagnostics: string; name: string } | undefined {
  for (const whole of names) {
    if (whole.startsWith("_") && !UNDERSCORED.test(whole)) continue;
    const name = whole.slice(0, 64);
    return {
      diagnostics: `The URL names one resource, so that "${name}" would have no effect: leave it out, or write ${type}?….`,
      name,
    };
  }
  return undefined;
}
