/** What middlewares of calls are made of. */
import type { CallingOptions, Context } from "moleculer";

/** Moleculer gives the context of a call along with its promise. */
export type Call = Promise<unknown> & { ctx?: Context };
/** `broker.call`, as Moleculer hands it from one middleware to the next. */
export type CallFunction = (action: string, params: unknown, options?: CallingOptions) => Call;
