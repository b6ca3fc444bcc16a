import { jest } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import type { Call } from "./call-function.ts";
import { hedged } from "./hedge.ts";

describe("a read without a timely answer", () => {
  const broker = new ServiceBroker({ logger: false });
  beforeEach(() => {
    jest.useFakeTimers();
    const endpoints = ["lab-1", "lab-2"].map((id) => ({ id, isAvailable: true }));
    jest.spyOn(broker.registry.actions, "get").mockReturnValue({ endpoints } as never);
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  /** What a second node answers; the first never does. */
  const asked = async (meta: object) => {
    const first = new Promise(() => {}) as Call;
    first.ctx = { broker, meta, nodeID: "lab-1", action: { name: "lab.read", retryPolicy: { enabled: true } }, endpoint: {} } as never;
    const again = jest.fn((_: object) => Promise.resolve("read") as Call);
    void hedged(first, again, {});
    await jest.advanceTimersByTimeAsync(10_000);
    return again.mock.calls.map(([options]) => options);
  };

  it("is also sent to a second node", async () => {
    expect(await asked({})).toEqual([{ nodeID: "lab-2" }]);
  });

  it("is not sent twice within a keyed request, whose prepared writes would be lost with the second node", async () => {
    expect(await asked({ keyed: { tx: "desk~1", at: 0 } })).toEqual([]);
  });
});
