/** A laboratory whose nodes are of two versions, while a new one is rolled out: the older one does not know all params. */
import { randomUUID } from "node:crypto";
import { type Context, ServiceBroker, type ServiceSchema } from "moleculer";
import { againWhereItDied, type Attempt } from "./attempt-contract.ts";
import { action } from "./contract.ts";
import { ParamsValidator } from "./params.ts";
import { AvoidSilent } from "./watch-liveness.ts";
import { isTaken, takersAmong } from "./versions-beside.ts";

interface Order {
  test: string;
  bases?: string[];
}

const KNOWN = { test: "string", $$strict: true };
const OLDER: Record<string, unknown> = KNOWN;
const NEWER = { ...KNOWN, key: "string|optional", isRepeated: "boolean|optional", bases: "array|optional" };

const order = action<Order & { key?: string }, { by: string }>("lab.order");
const orderOnce = againWhereItDied(action<Order & Partial<Attempt>, { by: string; params: object }>("lab.order"), ["bases"]);

describe("a laboratory with nodes of two versions", () => {
  const brokers: ServiceBroker[] = [];
  const options = { logger: false, transporter: "Fake", validator: new ParamsValidator(), retryPolicy: { enabled: false } } as const;
  let namespace: string;
  beforeEach(() => {
    namespace = randomUUID();
  });
  afterEach(() => Promise.all(brokers.splice(0).map((broker) => broker.stop())));

  const node = async (nodeID: string, params?: Record<string, unknown>): Promise<ServiceBroker> => {
    const broker = new ServiceBroker({ ...options, namespace, nodeID, registry: { strategy: AvoidSilent } });
    const handler = (ctx: Context) => ({ by: nodeID, params: ctx.params });
    if (params) broker.createService({ name: "lab", actions: { order: { params, handler } } } as ServiceSchema);
    brokers.push(broker);
    await broker.start();
    return broker;
  };
  const ward = async (...versions: Record<string, unknown>[]): Promise<ServiceBroker> => {
    for (const [index, params] of versions.entries()) await node(`${params === OLDER ? "older" : "newer"}-${index}`, params);
    const caller = await node("ward");
    await caller.waitForServices("lab");
    const known = () => (caller.registry.actions.get("lab.order") as unknown as { endpoints: unknown[] }).endpoints.length;
    while (known() < versions.length) await new Promise((resolve) => caller.localBus.once("$services.changed", resolve));
    return caller;
  };
  const answeredBy = async (times: number, ask: () => Promise<{ by: string }>): Promise<string[]> => {
    const all: string[] = [];
    for (let count = 0; count < times; count += 1) all.push((await ask()).by);
    return [...new Set(all)].sort();
  };

  it("is called at the newer node for params that only that one knows, and at both otherwise", async () => {
    const caller = await ward(OLDER, NEWER);
    expect(await answeredBy(8, () => order(caller, { test: "718-7", key: "k" }))).toEqual(["newer-1"]);
    expect(await answeredBy(8, () => orderOnce(caller, { test: "718-7" }))).toEqual(["newer-1"]);
    expect(await answeredBy(8, () => order(caller, { test: "718-7" }))).toEqual(["newer-1", "older-0"]);
  });

  it("is called once and without a key while all its nodes are of the older version", async () => {
    const caller = await ward(OLDER, OLDER);
    expect(await orderOnce(caller, { test: "718-7", bases: ["https://ehr.example/fhir"] })).toMatchObject({ params: { test: "718-7" } });
    await expect(order(caller, { test: "718-7", key: "k" })).rejects.toMatchObject({ code: 422, type: "VALIDATION_ERROR" });
  });

  it("is not called again at an older node after a newer one died, which may have done the work", async () => {
    const caller = await ward(OLDER, NEWER);
    const calls: string[] = [];
    const dying = {
      broker: caller,
      call: (_: string, params: object) => {
        calls.push(Object.keys(params).join(" "));
        const newer = (caller.registry.actions.get("lab.order") as unknown as { endpoints: { id: string; state: boolean }[] }).endpoints;
        for (const endpoint of newer) if (endpoint.id === "newer-1") endpoint.state = false;
        return Promise.reject(Object.assign(new Error("gone"), { type: "REQUEST_REJECTED", data: { action: "lab.order" } }));
      },
    };
    await expect(orderOnce(dying as never, { test: "718-7" })).rejects.toMatchObject({ type: "REQUEST_REJECTED" });
    expect(calls).toEqual(["test key isRepeated"]);
  });

  it("takes any params if it is not strict or not known", async () => {
    const lenient = { id: "lenient", action: { params: { test: "string" } } };
    expect(takersAmong([lenient, { id: "older", action: { params: OLDER } }], { key: "k" })).toEqual([lenient]);
    expect(isTaken(await ward(OLDER), "lab.cancel", { key: "k" })).toBe(true);
  });
});
