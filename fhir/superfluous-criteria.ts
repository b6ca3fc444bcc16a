/**
 * A write of one resource by its id is no conditional one (FHIR R4, http.html#cond-update): criteria behind it would be passed over, and the
 * resource be written or deleted whatever they say. So they are refused.
 */

/** Criteria that begin with `_`, as what clients send along with any request does (`_format`, `_pretty`). */
const UNDERSCORED = /^_(?:content|filter|has|id|lastUpdated|list|profile|query|security|source|tag|text|type)(?=:|$)/;

/** Why a write of one resource by its id must not have a query of these parameters; undefined: it may. */
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
