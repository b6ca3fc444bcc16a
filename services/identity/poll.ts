/** Polls a store for changes by other processes. */

/** Interval, milliseconds: what has ended or was changed takes effect everywhere within a second. */
const EVERY_MS = 400;

/** @param look one poll @param failed called when the store does not answer @returns a function that ends it */
export function poll(look: () => Promise<unknown>, failed: (error: Error) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const next = () => {
    timer = setTimeout(() => {
      look()
        .catch((error: Error) => timer && failed(error))
        .finally(() => timer && next());
    }, EVERY_MS).unref();
  };
  next();
  return () => {
    clearTimeout(timer);
    timer = undefined;
  };
}
