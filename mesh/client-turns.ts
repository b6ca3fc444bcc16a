/** Moleculer's middleware by which the steps of an action take turns with those of other clients (`mesh/turns.ts`), on whichever node it runs. */
import type { Context } from "moleculer";
import { clientOfWork } from "./caller.ts";
import { middleware } from "./moleculer.ts";
import { onBehalfOf } from "./turns.ts";

/** A call that names no request, such as the mesh's own, is done for whoever its caller works for. */
export const TakeTurnsByClient = middleware({
  name: "TakeTurnsByClient",
  localAction(next: (ctx: Context) => Promise<unknown>) {
    return (ctx: Context) => {
      const { work } = ctx.meta as { work?: string };
      return work === undefined ? next(ctx) : onBehalfOf(clientOfWork(work), () => next(ctx));
    };
  },
});
