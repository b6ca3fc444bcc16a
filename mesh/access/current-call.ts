/** Moleculer's middleware that makes the current call known to the writes of its handler. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Context } from "moleculer";
import { accessOf } from "./access.ts";
import { middleware } from "../moleculer.ts";

interface Held {
  call: Context | undefined;
  hasWritten: boolean;
}

/** Emptied when the call has ended: work that is still running then writes on its own behalf. */
const current = new AsyncLocalStorage<Held>();

/** The current call; undefined if access is open, and for the mesh's own work. */
export const currentCall = (): Context | undefined => current.getStore()?.call;

/** Notes that the current call has written: the write itself is audited. */
export function noteWritten(): void {
  const held = current.getStore();
  if (held) held.hasWritten = true;
}

/** A service that audits what its actions return. */
interface OnRecord {
  noteAnswer?(ctx: Context, answer: unknown): Promise<void>;
}

/** Holds the call while its handler runs. An owner's own actions get their call as an argument, and are exempt. */
export const KnowCurrentCall = middleware({
  name: "KnowCurrentCall",
  localAction(
    next: (ctx: Context) => Promise<unknown>,
    { name = "", rest, whoMay, service }: { name?: string; rest?: unknown; whoMay?: string; service?: OnRecord },
  ) {
    if (name.includes(".fhir.")) return next;
    // People call it, by its own address or by a FHIR operation.
    const isAskedByPersons = rest !== undefined || whoMay === "role";
    return (ctx: Context) => {
      if (accessOf(ctx.broker).isOpen) return next(ctx);
      const held: Held = { call: ctx, hasWritten: false };
      return current.run(held, async () => {
        try {
          const answer = await next(ctx);
          if (isAskedByPersons && !held.hasWritten) await service?.noteAnswer?.(ctx, answer);
          return answer;
        } finally {
          held.call = undefined;
        }
      });
    };
  },
});
