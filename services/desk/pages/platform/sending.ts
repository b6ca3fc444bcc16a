/**
 * Sends what changes something so that it has one effect, however often it is sent: under a key of its own (Idempotency-Key). What was not
 * answered, because a gateway or a service died over it, is sent again by itself; and under the same key when a person presses the button
 * once more.
 */

/** Tries in all, and the pauses before the second and the third, milliseconds: a dead node is out of the way by then. */
const MAX_TRIES = 3;
const PAUSES_MS = [300, 1_000];
/** No try is made after so long, milliseconds: somebody waits for the answer. */
const TRY_WITHIN_MS = 8_000;
/** What was not answered keeps its key so long, milliseconds, and so many of them do. */
const KEEP_MS = 600_000;
const MAX_KEPT = 50;

/** By what was sent: the key under which it may have been carried out. */
const unanswered = new Map<string, { key: string; at: number }>();
/** What the house cannot hold to one effect (501): it keeps no answers, or not for this. */
const unkeyed = new Set<string>();

/** Whether nobody knows if it was carried out, or it will be in a moment. */
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
 * @param path what is unkeyed is remembered by it
 * @param ask sends it once, with these headers more @throws what it throws without an answer
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
