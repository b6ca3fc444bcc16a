/**
 * Moleculer's middleware that sets a broker's access from its settings, and refuses to serve an action without a guard. A call by a caller whose roles
 * were changed since waits until this node knows the change: the first calls of a node that has just started would be refused otherwise.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Context, Service, ServiceBroker, ServiceSchema } from "moleculer";
import type { Config } from "../config.ts";
import type { MeshKeys } from "../trust/key-files.ts";
import { Access, accessOf, openAccess, setAccess } from "./access.ts";
import { followRoles } from "./follow-roles.ts";
import { isGuarded } from "./guard.ts";
import { readRoles } from "./roles.ts";
import { middleware, type Middleware } from "../moleculer.ts";

/** Longest time for which a call waits for changed roles, milliseconds; it is refused if they are not known then. */
const ROLES_MS = 1_000;

/** @param folder of the project's own roles */
export function knowAccess(config: Config, keys: MeshKeys, folder: string): Middleware {
  return middleware({
    name: "KnowAccess",
    created(broker: ServiceBroker) {
      const access = accessBy(config, keys, folder);
      setAccess(broker, access);
      if (!access.isOpen) followRoles(broker, access.rolesNow);
    },
    localAction(next: (ctx: Context) => Promise<unknown>) {
      return (ctx: Context): Promise<unknown> => {
        const access = accessOf(ctx.broker);
        if (!access.isBehind(ctx)) return next(ctx);
        const known = access.rolesNow.refresh().catch(() => {}); // the guard refuses the call
        return Promise.race([known, delay(ROLES_MS, undefined, { ref: false })]).then(() => next(ctx));
      };
    },
    serviceCreating(service: Service, schema: ServiceSchema) {
      if (accessOf(service.broker).isOpen) return;
      for (const [name, action] of Object.entries(schema.actions ?? {})) {
        if (typeof action === "boolean" || (typeof action === "object" && action.visibility === "private")) continue;
        const handler = typeof action === "object" ? action.handler : action;
        if (!handler || isGuarded(handler)) continue;
        throw new Error(`${service.name}.${name} has no guard: make the service by defineService or defineMixin (mesh/contract.ts).`);
      }
    },
  });
}

function accessBy(config: Config, keys: MeshKeys, folder: string): Access {
  const { access, rolesDir = folder, organization } = config;
  if (access === "open") return openAccess();
  return new Access({ isOpen: false, organization, roles: readRoles(rolesDir), keys });
}
