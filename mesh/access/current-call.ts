/** Moleculer's middleware by which what a handler writes by itself knows the call that it is for. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { BrokerOptions, Context } from "moleculer";
import { accessOf } from "./access.ts";

/** Emptied when the call has ended: what it leaves running writes on its own account. */
const current = new AsyncLocalStorage<{ call: Context | undefined }>();

/** The call that is handled at this moment; undefined where everything is open, and for what the mesh does by itself. */
export const currentCall = (): Context | undefined => current.getStore()?.call;

/** See the head of this file. An owner's own actions are given their call, and need not pay for it. */
export const KnowCurrentCall = {
  name: "KnowCurrentCall",
  localAction(next: (ctx: Context) => Promise<unknown>, { name = "" }: { name?: string }) {
    if (name.includes(".fhir.")) return next;
    return (ctx: Context) => {
      if (accessOf(ctx.broker).isOpen) return next(ctx);
      const held: { call: Context | undefined } = { call: ctx };
      return current.run(held, () =>
        next(ctx).finally(() => {
          held.call = undefined;
        }),
      );
    };
  },
} as unknown as NonNullable<BrokerOptions["middlewares"]>[number];
