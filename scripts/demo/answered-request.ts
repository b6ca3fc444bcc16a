/** Repeats a request of a program until the system answers it: with an Idempotency-Key, so that it takes effect once. */
import { randomUUID } from "node:crypto";

/** How long a request is repeated, milliseconds: a process that dies is replaced in a few seconds. */
const PATIENCE_MS = 30_000;
/** Pause between two tries, milliseconds. */
const PAUSE_MS = 300;

/** Whether the request may take effect later, or already has. */
const isOpen = async (response: Response): Promise<boolean> =>
  response.status === 503 || (response.status === 409 && (await response.clone().text()).includes("IDEMPOTENCY_KEY_IN_USE"));

/**
 * @param send sends the request once, with these additional headers
 * @returns the answer; the last one, a 503, if the system did not recover in time
 * @throws the last error of the connection, likewise
 */
export async function answered(send: (headers: Record<string, string>) => Promise<Response>): Promise<Response> {
  const headers = { "Idempotency-Key": `"${randomUUID()}"` };
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const isLast = performance.now() >= until;
    try {
      const response = await send(headers);
      if (response.status === 501) return await send({}); // keys are not supported for this request
      if (isLast || !(await isOpen(response))) return response;
    } catch (error) {
      if (isLast) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
