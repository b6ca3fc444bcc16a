/**
 * The guard wraps an action's handler. Moleculer's hooks and middlewares are inside its cacher, which would return to a second caller
 * the answer that the first one got.
 */
import type { Context } from "moleculer";
import { accessOf, notAllowed } from "./access.ts";
import { type AnyHandler, callHandler } from "../moleculer.ts";
import { isSystem } from "./identity.ts";

/**
 * Who may call an action. `role`: callers whose roles name it (default for published actions); `system`: only the mesh's own
 * work; `signed-in`: every signed-in caller, because the resources that it uses are guarded; `anyone`: it reveals nothing about people.
 */
export type WhoMay = "role" | "system" | "signed-in" | "anyone";

const guarded = new WeakSet<AnyHandler>();

/** Whether a handler is guarded. */
export const isGuarded = (handler: unknown): boolean => guarded.has(handler as AnyHandler);

/** Marks a handler that guards itself. */
export function asGuarded<H extends AnyHandler>(handler: H): H {
  guarded.add(handler);
  return handler;
}

/** The handler with its guard. */
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
