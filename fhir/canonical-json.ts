/** Canonical JSON: members in order of their names, no white space (RFC 8785, and FHIR's http://hl7.org/fhir/canonicalization/json). */

/** @param text JSON; numbers are compared by value, so that 1.0 is written as 1 */
export const canonicalJson = (text: string): string => JSON.stringify(inOrder(JSON.parse(text)));

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (value === null || typeof value !== "object") return value;
  // In order of UTF-16 code units, as RFC 8785 requires and JavaScript compares. No name in FHIR is a number, which an object would put first.
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(members.map(([name, member]) => [name, inOrder(member)]));
}
