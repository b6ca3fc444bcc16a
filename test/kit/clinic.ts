/**
 * Services in this process for a test: two nodes joined by Moleculer's "Fake" transporter. `caller` reaches the services through the serializer, so that a
 * test sees dates and errors as a caller on another machine would.
 */
import { openAccess, setAccess } from "../../mesh/access/access.ts";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrokerOptions, type Service, ServiceBroker, type ServiceSchema } from "moleculer";
import type { Caller } from "../../mesh/caller.ts";
import { ParamsValidator } from "../../mesh/params.ts";
import { ownerOf } from "../../federation/owner-contract.ts";

export interface Clinic {
  caller: Caller;
  /** The resource as stored by its owner. */
  read(service: string, reference: string): Promise<Record<string, unknown>>;
  /** The service instance, to manipulate it. */
  hosted<Gains>(service: string): Service & Gains;
  stop(): Promise<void>;
}

/** Promises that skip the delays of a broker: half a second for nodes that may answer its first message, a tenth before it stops. Here all are in one process. */
class WithoutDelay<Value> extends Promise<Value> {
  static delay(): WithoutDelay<void> {
    return WithoutDelay.resolve() as WithoutDelay<void>;
  }
  delay(): this {
    return this;
  }
}

/** Starts the services on SQLite files of their own. */
export async function startClinic(...services: ServiceSchema[]): Promise<Clinic> {
  const dataDir = mkdtempSync(join(tmpdir(), "openward-clinic-"));
  const before = process.env.DATA_DIR;
  process.env.DATA_DIR = dataDir; // stores read their settings when they start
  const options = {
    namespace: randomUUID(),
    logger: false,
    transporter: "Fake",
    internalServices: false,
    // Moleculer's defaults are a second each, which would delay every test. Milliseconds.
    transit: { serviceChangedDebounceTime: 1 } as BrokerOptions["transit"],
    dependencyInterval: 5,
    Promise: WithoutDelay as unknown as PromiseConstructor,
  } satisfies BrokerOptions;
  const host = new ServiceBroker({ ...options, validator: new ParamsValidator(), nodeID: "host" });
  const desk = new ServiceBroker({ ...options, nodeID: "desk" });
  for (const broker of [host, desk]) setAccess(broker, openAccess());
  for (const service of services) host.createService(service);
  await Promise.all([host.start(), desk.start()]);
  await desk.waitForServices(services.map((service) => service.name));
  if (before === undefined) delete process.env.DATA_DIR;
  else process.env.DATA_DIR = before;
  const caller = desk as unknown as Caller;
  return {
    caller,
    async read(service, reference) {
      const [type = "", id = ""] = reference.split("/");
      const stored = await ownerOf(service).read(caller, { type, id });
      return JSON.parse(stored?.json ?? "null") as Record<string, unknown>;
    },
    hosted: <Gains>(service: string) => host.getLocalService(service) as Service & Gains,
    async stop() {
      await Promise.all([desk.stop(), host.stop()]);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A refusal, as callers get it. */
export const refusal = (code: number, type: string) => expect.objectContaining({ code, type });
