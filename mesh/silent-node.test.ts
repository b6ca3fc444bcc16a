import { jest } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import type { Call } from "./call-function.ts";
import { livenessOf } from "./liveness.ts";
import { leavingSilent, unlessSilent } from "./silent-node.ts";

describe("a write to a node that does not answer", () => {
  const broker = new ServiceBroker({ logger: false });
  const suspects = new Set<string>();
  beforeEach(() => {
    jest.useFakeTimers();
    suspects.clear();
    const endpoints = ["lab-1", "lab-2"].map((id) => ({ id, isAvailable: true }));
    jest.spyOn(broker.registry.actions, "get").mockReturnValue({ endpoints } as never);
    jest.spyOn(livenessOf(broker), "isSuspect").mockImplementation((id) => suspects.has(id));
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  /** What has become of a call to lab-1, which does not answer, after so long. */
  const becameAfter = async (milliseconds: number, options: object = leavingSilent({})) => {
    const call = new Promise(() => {}) as Call;
    call.ctx = { broker, nodeID: "lab-1", action: { name: "lab.fhir.write" }, endpoint: {} } as never;
    let became: unknown = "waiting";
    unlessSilent(call, options).catch((error: { type: string; data: unknown }) => {
      became = [error.type, error.data];
    });
    await jest.advanceTimersByTimeAsync(milliseconds);
    return became;
  };

  it("is given up once the node is known to be silent, and may be sent to another", async () => {
    suspects.add("lab-1");
    expect(await becameAfter(800)).toBe("waiting");
    expect(await becameAfter(1_000)).toEqual(["REQUEST_TIMEOUT", { action: "lab.fhir.write", nodeID: "lab-1", isSilent: true }]);
  });

  it("keeps waiting if the node is only slow, if there is no other, or if a repetition could take effect twice", async () => {
    expect(await becameAfter(10_000)).toBe("waiting");
    suspects.add("lab-1");
    expect(await becameAfter(10_000, {})).toBe("waiting");
    suspects.add("lab-2");
    expect(await becameAfter(10_000)).toBe("waiting");
  });
});
