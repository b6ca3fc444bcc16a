import { once } from "node:events";
import { jest } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { MeshDiscoverer } from "./discoverer.ts";

describe("a node that has stopped", () => {
  const discoverer = new MeshDiscoverer();
  const options = { namespace: `gone-${process.pid}`, transporter: "Fake", logger: false } as const;
  const other = new ServiceBroker({ ...options, nodeID: "other", registry: { discoverer } });
  afterAll(async () => {
    jest.restoreAllMocks();
    await other.stop();
  });

  const known = () => other.registry.nodes.toArray().map(({ id }) => id);

  it("is forgotten ten minutes later, without a warning of each other node", async () => {
    await other.start();
    const stopped = new ServiceBroker({ ...options, nodeID: "stopped" });
    const [connected, disconnected] = ["connected", "disconnected"].map((what) => once(other.localBus as never, `$node.${what}`));
    await stopped.start();
    await connected;
    await stopped.stop();
    await disconnected;
    const uptime = process.uptime();
    const warn = jest.spyOn(discoverer.logger as NonNullable<typeof discoverer.logger>, "warn");
    for (const [seconds, expected] of [
      [590, ["other", "stopped"]],
      [620, ["other"]],
    ] as const) {
      jest.spyOn(process, "uptime").mockReturnValue(uptime + seconds);
      discoverer.checkOfflineNodes();
      expect(known()).toEqual(expected);
    }
    expect(warn).not.toHaveBeenCalled();
  });
});
