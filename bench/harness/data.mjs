/** The sixty records that every workload is made of. */
import { syntheaTexts } from "../../test/kit/synthea.ts";

/** The JSON text of each bundle. */
export const readBundles = syntheaTexts;

/** The resources of a parsed bundle. */
export const resourcesOf = (bundle) => bundle.entry.map((entry) => entry.resource);

/** The most frequent items of a list, the most frequent first. */
export function mostFrequent(list, howMany) {
  const counts = new Map();
  for (const item of list) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, howMany)
    .map(([item]) => item);
}
