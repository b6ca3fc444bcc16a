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

/** The type behind a chain, a `_has` or a `_list` of which the caller sees nothing, so that it matches nothing; undefined: none. @param sees whether the caller sees any resource of a type */
export function typeBeyond({ chains, has, lists }: Criteria, sees: (type: string) => boolean): string | undefined {
  if (lists.length > 0 && !sees("List")) return "List";
  // What may lead to several types is beyond only if each of them is.
  const ways = [...chains.map(({ any }) => any), ...has.map(({ search }) => [search])];
  for (const way of ways) {
    const ends = way.map((far) => (sees(far.type) ? typeBeyond(far, sees) : far.type));
    if (ends.length > 0 && ends.every((end) => end !== undefined)) return ends[0];
  }
  return undefined;
}

/** The same types for criteria like `Observation?subject:Patient.name=Ann`; for those that cannot be searched for, their type alone. */
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
