/** Which types of resources a search looks at. Pure. */
import { FhirError } from "../outcome.ts";
import type { Criteria } from "./criteria.ts";
import { isResourceType } from "./parameters.ts";
import { parseSearch } from "./parse-search.ts";

/** The type of the matches, and those of all resources that chains, `_has` and `_list` lead to. */
export function typesRead({ type, chains, has, lists }: Criteria): Set<string> {
  const far = [...chains.flatMap(({ any }) => any), ...has.map(({ search }) => search)];
  return new Set([type, ...far.flatMap((one) => [...typesRead(one)]), ...(lists.length > 0 ? ["List"] : [])]);
}

/** The same for criteria like `Observation?subject:Patient.name=Ann`; for those that cannot be searched for, their type alone. */
export function typesReadBy(criteria: string): readonly string[] {
  const mark = criteria.indexOf("?");
  const type = mark < 0 ? criteria : criteria.slice(0, mark);
  if (mark < 0 || !isResourceType(type)) return [type];
  try {
    return [...typesRead(parseSearch(type, [...new URLSearchParams(criteria.slice(mark + 1))], { base: "", handling: "strict" }))];
  } catch (error) {
    if (error instanceof FhirError) return [type];
    throw error;
  }
}
