/**
 * Sends changes so that they take effect once, however often they are sent: with an Idempotency-Key. A request that was not answered, because a gateway
 * or a service died, is repeated automatically, and with the same key when the person presses the button again.
 */

/** Tries in all, and the pauses before the second and third, milliseconds: a dead node is removed by then. */
const MAX_TRIES = 3;
const PAUSES_MS = [300, 1_000];
/** No further try is begun after this time, milliseconds: a person waits for the answer. */
const TRY_WITHIN_MS = 8_000;
/** How long unanswered requests keep their key, milliseconds, and how many of them. */
const KEEP_MS = 600_000;
const MAX_KEPT = 50;

/** By content: the key under which a request may have been carried out. */
const unanswered = new Map<string, { key: string; at: number }>();
/** Requests for which the server does not support keys (501). */
const unkeyed = new Set<string>();

/** Whether it is unknown if the request was carried out, or it may succeed later. */
export const isTemporary = (status: number): boolean => status >= 502 && status <= 504;

async function isInUse(response: Response): Promise<boolean> {
  return response.status === 409 && (await response.clone().text()).includes("IDEMPOTENCY_KEY_IN_USE");
}

function keyOf(request: string): string {
  const now = Date.now();
  for (const [known, { at }] of unanswered) if (now - at > KEEP_MS) unanswered.delete(known);
  return unanswered.get(request)?.key ?? crypto.randomUUID();
}

function remember(request: string, key: string): void {
  unanswered.delete(request);
  unanswered.set(request, { key, at: Date.now() });
  const [oldest] = unanswered.keys();
  if (unanswered.size > MAX_KEPT && oldest !== undefined) unanswered.delete(oldest);
}

/**
 * @param path under which unsupported keys are remembered
 * @param ask sends the request once, with these additional headers @throws its error without an answer
 */
export async function sendOnce(
  path: string,
  content: string,
  ask: (headers: Record<string, string>) => Promise<Response>,
): Promise<Response> {
  if (unkeyed.has(path)) return ask({});
  const request = `${path} ${content}`;
  const key = keyOf(request);
  const begun = performance.now();
  for (let tries = 1; ; tries += 1) {
    remember(request, key);
    const mayTryAgain = () => tries < MAX_TRIES && performance.now() - begun < TRY_WITHIN_MS;
    try {
      const response = await ask({ "Idempotency-Key": key });
      const isOpen = isTemporary(response.status) || (await isInUse(response));
      if (!isOpen) unanswered.delete(request);
      if (response.status === 501) {
        unkeyed.add(path);
        return await ask({});
      }
      if (!isOpen || !mayTryAgain()) return response;
    } catch (error) {
      if (!mayTryAgain()) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSES_MS[tries - 1]));
  }
}
