/** Calls that may have got lost with a server of NATS. Without a server: what Moleculer reports about other nodes is enough. */
import { jest } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { MeshTransporter } from "./transporter.ts";
import { newNode } from "./trust/hello.ts";
import { keysInMemory } from "./trust/key-files.ts";

/** The time after a reconnect at which a node announces it. */
const RECONNECT_MS = 500;

function nodeOf() {
  const keys = keysInMemory();
  const own = newNode("api", keys.signer);
  const transporter = new MeshTransporter({ natsUrl: "nats://127.0.0.1:1", keys, own });
  const broker = new ServiceBroker({ nodeID: own.id, logger: false, transporter });
  return { broker, localBus: broker.localBus, pending: broker.transit?.pendingRequests as unknown as Map<string, object> };
}

describe("a call to a node that has reconnected to another server of NATS", () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it("is rejected if it was made before, as it may be lost, and repeated if that is safe; later calls are waited for", () => {
    const { localBus, pending } = nodeOf();
    const rejected: [string, unknown][] = [];
    const call = (id: string, nodeID: string) =>
      pending.set(id, { action: { name: "lab.fhir.read" }, nodeID, reject: (error: { type: string }) => rejected.push([id, error.type]) });
    const tell = (event: string, server: string) =>
      localBus.emit(event, { node: { id: "lab-1", metadata: { connection: { server, client: 1 } } } });

    tell("$node.connected", "one");
    call("before", "lab-1");
    call("of another", "visits-1");
    jest.advanceTimersByTime(1);
    tell("$node.updated", "one"); // it announces something else
    expect(rejected).toEqual([]);
    call("since", "lab-1");
    jest.advanceTimersByTime(RECONNECT_MS);
    tell("$node.updated", "two");
    expect(rejected).toEqual([["before", "REQUEST_REJECTED"]]);
    tell("$node.updated", "two");
    expect([...pending.values()]).toHaveLength(2);
  });
});
