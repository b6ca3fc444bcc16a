/**
 * The guard of an action wraps its handler: Moleculer's hooks and middlewares stand inside its cacher, which would answer the second caller
 * from what it remembers of the first.
 */
import type { Context } from "moleculer";
import { accessOf, notAllowed } from "./access.ts";
import { type AnyHandler, callHandler } from "../moleculer.ts";
import { isSystem } from "./identity.ts";

/**
 * Who may call an action, as far as its service says it: those whose roles name it (default for published ones); `system`: only the mesh's own
 * work; `signed-in`: anybody who has signed in, because what it does is guarded where it is done; `anyone`: it tells nothing of people.
 */
export type WhoMay = "role" | "system" | "signed-in" | "anyone";

const guarded = new WeakSet<AnyHandler>();

/** Whether a handler has a guard around it. */
export const isGuarded = (handler: unknown): boolean => guarded.has(handler as AnyHandler);

/** Says of a handler that it guards itself. */
export function asGuarded<H extends AnyHandler>(handler: H): H {
  guarded.add(handler);
  return handler;
}

/** The handler behind its guard. */
export function withGuard(handler: AnyHandler, whoMay: WhoMay): AnyHandler {
  if (isGuarded(handler)) return handler;
  return asGuarded(function guard(this: unknown, ctx: Context): unknown {
    if (whoMay !== "anyone") requireMayCall(ctx, whoMay);
    return callHandler(handler, this, ctx);
  });
}

/** @throws 401 SIGN_IN_NEEDED, 403 NOT_ALLOWED */
export function requireMayCall(ctx: Context, whoMay: Exclude<WhoMay, "anyone">): void {
  const access = accessOf(ctx.broker);
  if (access.isOpen) return;
  const identity = access.identityOf(ctx);
  if (whoMay === "signed-in") return;
  const name = ctx.action?.name ?? "";
  const isTheirs = whoMay === "role" || isSystem(identity);
  if (!isTheirs || !access.rightsOf(identity).mayCall(name)) throw notAllowed(`call ${name}`);
}
