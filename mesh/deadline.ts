/**
 * Deadlines of calls. Moleculer passes the remaining time on to nested calls, and makes none once it is over. In addition, a handler is not
 * begun if its caller gave up while the call was queued, and it stops before it writes.
 */
import { type Context, Errors } from "moleculer";
import { middleware } from "./moleculer.ts";

/** Milliseconds until the caller gives up; Infinity: no limit. */
export function timeLeft({ options, startHrTime }: Context): number {
  const { timeout } = options;
  if (!timeout || !startHrTime) return Number.POSITIVE_INFINITY;
  const [seconds, nanoseconds] = process.hrtime(startHrTime);
  return timeout - (seconds * 1e3 + nanoseconds / 1e6);
}

/** @throws 514 REQUEST_SKIPPED if the caller has given up */
export function requireTime(ctx: Context): void {
  if (timeLeft(ctx) <= 0) throw skipped(ctx);
}

const skipped = (ctx: Context) => new Errors.RequestSkippedError({ action: ctx.action?.name ?? "", nodeID: ctx.broker.nodeID });

/** Moleculer's middleware that begins nothing for a caller that has given up. It follows the bulkhead, where calls are queued. */
export const KeepDeadlines = middleware({
  name: "KeepDeadlines",
  localAction(next: (ctx: Context) => Promise<unknown>) {
    return (ctx: Context) => (timeLeft(ctx) > 0 ? next(ctx) : Promise.reject(skipped(ctx)));
  },
});
