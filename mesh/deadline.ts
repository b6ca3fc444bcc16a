/**
 * A call's deadline. Moleculer hands what is left of the time on with every nested call, and makes none when it is over; here a handler is not
 * begun either, when its caller has given up while the call waited for its place, nor goes on to write.
 */
import { type Context, Errors } from "moleculer";
import { middleware } from "./moleculer.ts";

/** Milliseconds until the caller gives up; Infinity: it waits for ever. */
export function timeLeft({ options, startHrTime }: Context): number {
  const { timeout } = options;
  if (!timeout || !startHrTime) return Number.POSITIVE_INFINITY;
  const [seconds, nanoseconds] = process.hrtime(startHrTime);
  return timeout - (seconds * 1e3 + nanoseconds / 1e6);
}

/** @throws 514 REQUEST_SKIPPED when the caller has given up */
export function requireTime(ctx: Context): void {
  if (timeLeft(ctx) <= 0) throw skipped(ctx);
}

const skipped = (ctx: Context) => new Errors.RequestSkippedError({ action: ctx.action?.name ?? "", nodeID: ctx.broker.nodeID });

/** Moleculer's middleware that begins nothing for a caller that has given up. It stands behind the bulkhead, where calls wait. */
export const KeepDeadlines = middleware({
  name: "KeepDeadlines",
  localAction(next: (ctx: Context) => Promise<unknown>) {
    return (ctx: Context) => (timeLeft(ctx) > 0 ? next(ctx) : Promise.reject(skipped(ctx)));
  },
});
