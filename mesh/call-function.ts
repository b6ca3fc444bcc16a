/** Types for middlewares of calls. */
import type { CallingOptions, Context } from "moleculer";

/** Moleculer attaches the context of a call to its promise. */
export type Call = Promise<unknown> & { ctx?: Context };
/** `broker.call`, as Moleculer passes it from one middleware to the next. */
export type CallFunction = (action: string, params: unknown, options?: CallingOptions) => Call;
