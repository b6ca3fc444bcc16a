/** What a misspelt name may have meant. */
import distance from "damerau-levenshtein";

/** Names in one answer at most. */
const MAX_NAMES = 3;
/** Steps at most between a name and what it may have meant, for each of its letters. */
const STEPS_PER_LETTER = 0.3;

/** The names most similar to this one, best first, three at most; case does not count. Empty: none is similar. */
export function nearestNames(given: string, names: readonly string[]): string[] {
  const limit = Math.max(2, Math.floor(given.length * STEPS_PER_LETTER));
  return names
    .map((name) => ({ name, steps: distance(given.toLowerCase(), name.toLowerCase()).steps }))
    .filter(({ steps }) => steps <= limit)
    .sort((a, b) => a.steps - b.steps)
    .slice(0, MAX_NAMES)
    .map(({ name }) => name);
}
