/** Looks at a store again and again, for what another process has written there. */

/** How often, milliseconds: what has ended or was changed holds everywhere within a second. */
const EVERY_MS = 400;

/** @param look one look @param failed told when the store does not answer @returns ends it */
export function lookAgain(look: () => Promise<unknown>, failed: (error: Error) => void): () => void {
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
