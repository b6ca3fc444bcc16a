/** Numbers of final resources keep the precision with which they were stored: a client in JavaScript sends 13.50 back as 13.5. */
import { isRawNumber, numberOf, parseJson } from "../../../fhir/json.ts";
import type { FhirResource } from "../../../fhir/r4.ts";
import type { Resource } from "../../../fhir/resource.ts";
import type { Rulebook } from "./rulebook.ts";

/** Whether a JSON text may have a number that a double does not write to the letter: 13.50, 1e3, or more digits than it holds. */
const MAY_HAVE_RAW = /\d\.\d*0(?!\d)|\d[eE][-+\d]|\d\.\d{12}/;

const hasMembers = (value: unknown): value is object => typeof value === "object" && value !== null && !isRawNumber(value);

/** Sets numbers of `after` that have lost their digits, but not changed their value, to those of `before` at the same place. */
function keepDigits(before: object, after: object): void {
  const members = after as Record<string, unknown>;
  for (const [name, was] of Object.entries(before)) {
    const is = members[name];
    if (isRawNumber(was)) {
      if (typeof is === "number" && is === numberOf(was)) members[name] = was;
    } else if (hasMembers(was) && hasMembers(is)) {
      keepDigits(was, is);
    }
  }
}

/** Gives a new version of a final resource the precision of the stored one, where its numbers are the same. @param before the JSON of that */
export function keepStoredPrecision(rules: Rulebook, after: Resource, before: string | undefined): void {
  if (before === undefined || !rules.mayBeFinal(after.resourceType) || !MAY_HAVE_RAW.test(before)) return;
  const stored = parseJson(before) as FhirResource;
  if (rules.isFinal(stored)) keepDigits(stored, after);
}
