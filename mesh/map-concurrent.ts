/** Processes the parts of one request concurrently, up to a limit. */

/** Parts of one request that are processed at the same time: an owner takes 256 calls of an action, from all requests together. */
const DEFAULT_CONCURRENCY = 32;

/** The results in the order of the items. @throws the first error; nothing is begun after it */
export async function mapConcurrent<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
  atOnce = DEFAULT_CONCURRENCY,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next;
      next += 1;
      try {
        results[index] = await work(items[index] as Item, index);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
