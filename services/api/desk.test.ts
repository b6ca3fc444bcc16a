/** The pages while nodes of two versions give them out. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Context, ServiceBroker, type ServiceSchema } from "moleculer";
import type { PageFile } from "../desk/desk.contract.ts";
import { deskAnswer } from "./desk.ts";

const fileOf = (path: string): PageFile => ({ type: "text/javascript", etag: `"${path}"`, isImmutable: true, base64: "" });

describe("the pages of two versions", () => {
  const namespace = randomUUID();
  const asked: string[] = [];
  const brokers = ["older", "newer", "third", "gateway"].map(
    (nodeID) => new ServiceBroker({ logger: false, transporter: "Fake", namespace, nodeID }),
  );
  const [older, newer, third, gateway] = brokers as [ServiceBroker, ServiceBroker, ServiceBroker, ServiceBroker];
  beforeAll(async () => {
    for (const [broker, own] of [
      [older, "/f/older.js"],
      [newer, "/f/newer.js"],
      [third, "/f/newer.js"],
    ] as const) {
      const file = ({ params }: Context<{ path: string }>) => {
        asked.push(`${broker.nodeID} ${params.path}`);
        return [own, "/"].includes(params.path) ? fileOf(params.path) : null;
      };
      broker.createService({ name: "desk", actions: { file } } as unknown as ServiceSchema);
    }
    for (const broker of brokers) await broker.start();
    const known = () => (gateway.registry.actions.get("desk.file") as unknown as { endpoints?: unknown[] } | undefined)?.endpoints?.length;
    while (known() !== 3) await new Promise((resolve) => gateway.localBus.once("$services.changed", resolve));
  });
  afterAll(() => Promise.all(brokers.map((broker) => broker.stop())));
  beforeEach(() => asked.splice(0));

  const get = (path: string) => {
    const ctx = { broker: gateway, call: gateway.call.bind(gateway) } as unknown as Context;
    return deskAnswer(ctx, { headers: { "accept-encoding": "br" } } as IncomingMessage, path, []);
  };

  it("include all their files, whichever node has made the page", async () => {
    for (const path of ["/f/older.js", "/f/newer.js", "/f/older.js", "/f/newer.js", "/f/older.js", "/f/newer.js"]) {
      expect(await get(path)).toMatchObject({ status: 200, headers: { ETag: `"${path}"` } });
    }
  });

  it("cost at most one more call per node for a file that does not exist, and none for another page", async () => {
    await expect(get("/f/none.js")).rejects.toMatchObject({ code: 404, type: "NOT_FOUND" });
    expect(asked).toHaveLength(4);
    asked.splice(0);
    await expect(get("/none")).rejects.toMatchObject({ code: 404, type: "NOT_FOUND" });
    expect(asked).toHaveLength(1);
  });
});
