/** Moleculer's middleware for operators' programs: their own calls bear the stamp of the mesh's work of this name. */
import type { CallingOptions, ServiceBroker } from "moleculer";
import type { CallFunction } from "../call-function.ts";
import { accessOf } from "./access.ts";
import { middleware, type Middleware } from "../moleculer.ts";

/** @param name of the role's file (`services/identity/roles/system`) */
export function actAs(name: string): Middleware {
  let broker: ServiceBroker;
  return middleware({
    name: "ActAs",
    created(created: ServiceBroker) {
      broker = created;
    },
    call(next: CallFunction): CallFunction {
      return (action, params, options: CallingOptions = {}) => {
        const access = accessOf(broker);
        if (access.isOpen || options.parentCtx || options.meta?.["as"] !== undefined) return next(action, params, options);
        return next(action, params, { ...options, meta: { ...options.meta, as: access.systemStamp(name) } });
      };
    },
  });
}
