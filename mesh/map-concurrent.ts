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

/**
 * As `mapConcurrent`, for parts of different weight: each takes some of `places`, and is begun when all parts before it have begun and its places are free.
 * @param placesOf at most `places`
 */
export function mapWeighted<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
  { places, placesOf }: { places: number; placesOf: (item: Item) => number },
): Promise<Result[]> {
  const results: Result[] = new Array(items.length);
  let [free, next, left] = [places, 0, items.length];
  return new Promise((resolve, reject) => {
    const begin = () => {
      if (left === 0) resolve(results);
      while (next < items.length) {
        const index = next;
        const taken = placesOf(items[index] as Item);
        if (taken > free) return;
        next += 1;
        free -= taken;
        work(items[index] as Item, index).then(
          (result) => {
            results[index] = result;
            free += taken;
            left -= 1;
            begin();
          },
          (error: unknown) => {
            next = items.length;
            reject(error);
          },
        );
      }
    };
    begin();
  });
}
