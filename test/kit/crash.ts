/**
 * Loaded into a node before its program (`--import`): the process kills itself (SIGKILL, as `kill -9` would) at a chosen
 * point of a two-phase commit, or of an event. The program itself knows nothing of it.
 *
 * CRASH_AT is one of
 *   handled:NAME    the handler of an action whose name ends so has done its work; its answer is not sent
 *   handling:NAME   it is about to begin
 *   answered:NAME   a call of such an action from here has been answered, for the CRASH_COUNT-th time (default 1)
 *   calling:NAME    such a call is about to be made
 *   storing:NAME    a service's store is about to be asked this (a method's name)
 *   stored:NAME     it has done it; whoever asked does not hear of it
 */
import { createRequire } from "node:module";
import type { BrokerOptions, Context, Middleware, Service } from "moleculer";

const [when, name = ""] = (process.env["CRASH_AT"] ?? "").split(":");
let left = Number(process.env["CRASH_COUNT"] ?? "1");

function crash(point: string, action: string): void {
  if (point !== when || !action.endsWith(name)) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, "SIGKILL");
}

const middleware: Middleware = {
  name: "Crash",
  localAction(next, action) {
    const full = action.name ?? "";
    return async (ctx: Context) => {
      crash("handling", full);
      const result: unknown = await (next as (ctx: Context) => Promise<unknown>)(ctx);
      crash("handled", full);
      return result;
    };
  },
  async serviceStarted(service: Service & { store?: Record<string, (...all: unknown[]) => Promise<unknown>> }) {
    const { store } = service;
    const work = store?.[name]?.bind(store);
    if (!store || !work) return;
    store[name] = async (...all) => {
      crash("storing", name);
      const result = await work(...all);
      crash("stored", name);
      return result;
    };
  },
  call(next) {
    const call = async (action: string, ...rest: unknown[]) => {
      crash("calling", action);
      const result: unknown = await (next as (...all: unknown[]) => Promise<unknown>)(action, ...rest);
      crash("answered", action);
      return result;
    };
    return call as never;
  },
};

// CommonJS exports are read when they are first imported: from here on a broker is one that can crash.
const moleculer = createRequire(import.meta.url)("moleculer") as { ServiceBroker: new (options: BrokerOptions) => object };
const Broker = moleculer.ServiceBroker;
moleculer.ServiceBroker = class extends Broker {
  constructor(options: BrokerOptions) {
    super({ ...options, middlewares: [...(options.middlewares ?? []), middleware] });
  }
};
