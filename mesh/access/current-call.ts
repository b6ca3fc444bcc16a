/** Moleculer's middleware by which what a handler writes by itself knows the call that it is for. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Context } from "moleculer";
import { accessOf } from "./access.ts";
import { middleware } from "../moleculer.ts";

interface Held {
  call: Context | undefined;
  hasWritten: boolean;
}

/** Emptied when the call has ended: what it leaves running writes on its own account. */
const current = new AsyncLocalStorage<Held>();

/** The call that is handled at this moment; undefined where everything is open, and for what the mesh does by itself. */
export const currentCall = (): Context | undefined => current.getStore()?.call;

/** What the current call writes is on record with the write. */
export function noteWritten(): void {
  const held = current.getStore();
  if (held) held.hasWritten = true;
}

/** A service that puts on record what its actions show. */
interface OnRecord {
  noteAnswer?(ctx: Context, answer: unknown): Promise<void>;
}

/** Keeps the call for as long as its handler runs. An owner's own actions are given their call, and need not pay for it. */
export const KnowCurrentCall = middleware({
  name: "KnowCurrentCall",
  localAction(
    next: (ctx: Context) => Promise<unknown>,
    { name = "", rest, whoMay, service }: { name?: string; rest?: unknown; whoMay?: string; service?: OnRecord },
  ) {
    if (name.includes(".fhir.")) return next;
    // A person asks it, at an address of its own or by an operation of FHIR's.
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
