/** Moleculer's middleware for a program that operators use: what it calls by itself bears the stamp of the mesh's own work of this name. */
import type { BrokerOptions, CallingOptions, ServiceBroker } from "moleculer";
import type { CallFunction } from "../call-function.ts";
import { accessOf } from "./access.ts";

/** @param name as the role's file is named (`services/identity/roles/system`) */
export function actAs(name: string): NonNullable<BrokerOptions["middlewares"]>[number] {
  let broker: ServiceBroker;
  return {
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
  } as unknown as NonNullable<BrokerOptions["middlewares"]>[number];
}
