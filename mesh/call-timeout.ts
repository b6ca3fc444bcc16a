/**
 * Time limits of calls. It replaces Moleculer's own timeout, which creates eight promises and as many functions for each call, and behaves
 * the same.
 */
import { type Context, Errors, type ServiceBroker } from "moleculer";
import { Stream } from "node:stream";
import { type LocalAction, middleware } from "./moleculer.ts";

/** The action with its time limit. */
interface Timed {
  name: string;
  /** Milliseconds; default: the broker's. */
  timeout?: number;
}

function limited(this: ServiceBroker, next: LocalAction, { name, timeout: own }: Timed): LocalAction {
  const { logger, options: defaults } = this;
  return (ctx) => {
    const { options } = ctx;
    options.timeout ??= own ?? defaults.requestTimeout ?? 0;
    const ms = options.timeout;
    if (!(ms > 0)) return next(ctx);
    ctx.startHrTime ??= process.hrtime(); // from which the remaining time of nested calls is computed
    const answer = next(ctx);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(timedOut(ctx, name, logger)), ms);
      answer.then(
        (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        (error: unknown) => {
          clearTimeout(timer);
          reject(error);
        },
      );
    });
  };
}

function timedOut({ requestID, nodeID, params, options: { timeout } }: Context, action: string, logger: ServiceBroker["logger"]): Error {
  logger.warn(`Request '${action}' is timed out.`, { requestID, nodeID, timeout });
  if (params instanceof Stream) params.emit("moleculer-timeout-middleware", timeout);
  return new Errors.RequestTimeoutError({ action, nodeID: nodeID ?? "" });
}

/** Moleculer's middleware that ends a call which takes too long. @throws 504 REQUEST_TIMEOUT */
export const CallTimeout = middleware({ name: "CallTimeout", localAction: limited, remoteAction: limited });
