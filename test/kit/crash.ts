/**
 * Loaded into a node before its program (`--import`): the process kills itself (SIGKILL, like `kill -9`) at a point of a two-phase commit, or of an event,
 * that its parent selects at run time: `{ type: "crash", at, count }`, answered by `{ type: "armed" }` (test/kit/crashing.ts). The program itself is unchanged.
 *
 * A point is one of
 *   handled:NAME    the handler of an action whose name ends with NAME has finished; its answer is not sent
 *   handling:NAME   it is about to begin
 *   answered:NAME   a call of such an action from here has been answered, for the count-th time
 *   calling:NAME    such a call is about to be made
 *   storing:NAME    a method of the service's store is about to be called
 *   stored:NAME     it has finished; its caller does not get the result
 */
import { createRequire } from "node:module";
import type { BrokerOptions, Context, Middleware, Service } from "moleculer";

type Storing = Service & { store?: Record<string, (...all: unknown[]) => Promise<unknown>> };

const services: Storing[] = [];
let [when, name, left] = ["", "", 0];

process.on("message", (message: { type?: string; at?: string; count?: number }) => {
  if (message.type !== "crash") return;
  [when = "", name = ""] = (message.at ?? "").split(":");
  left = message.count ?? 1;
  for (const service of services) watchStore(service);
  process.send?.({ type: "armed" });
});
process.channel?.unref(); // does not keep the process alive

function crash(point: string, action: string): void {
  if (point !== when || !action.endsWith(name)) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, "SIGKILL");
}

function watchStore({ store }: Storing): void {
  const work = store?.[name]?.bind(store);
  if (!store || !work) return;
  store[name] = async (...all) => {
    crash("storing", name);
    const result = await work(...all);
    crash("stored", name);
    return result;
  };
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
  async serviceStarted(service: Service) {
    services.push(service as Storing);
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

// CommonJS exports are read when first imported: brokers created from here on can crash.
const moleculer = createRequire(import.meta.url)("moleculer") as { ServiceBroker: new (options: BrokerOptions) => object };
const Broker = moleculer.ServiceBroker;
moleculer.ServiceBroker = class extends Broker {
  constructor(options: BrokerOptions) {
    super({ ...options, middlewares: [...(options.middlewares ?? []), middleware] });
  }
};
