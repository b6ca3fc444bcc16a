import { ServiceBroker } from "moleculer";
import { announceMetadata } from "./announce.ts";

it("a service that is added just before a change of a node's metadata is announced under a new sequence number", async () => {
  const broker = new ServiceBroker({ logger: false });
  await broker.start();
  const { seq } = broker.getLocalNodeInfo() as unknown as { seq: number };
  broker.createService({ name: "added" });
  await broker.waitForServices("added");
  announceMetadata(broker, "members", {});
  const after = broker.getLocalNodeInfo() as unknown as { seq: number; services: { name: string }[]; metadata: object };
  expect(after.seq).toBeGreaterThan(seq);
  expect(after.services.map(({ name }) => name)).toContain("added");
  expect(after.metadata).toEqual({ members: {} });
  await broker.stop();
});
