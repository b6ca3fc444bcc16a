import { jest } from "@jest/globals";
import { EventEmitter, once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { settleInDoubt } from "./recovery.ts";

const waitForServices = async () => {};

describe("a transaction in doubt", () => {
  it("is examined when a node is lost, as that may be its coordinator", async () => {
    const localBus = new EventEmitter();
    let looks = 0;
    const looked = new EventEmitter();
    const store = {
      prepared: async () => {
        looks += 1;
        setImmediate(() => looked.emit("done"));
        return [];
      },
    };
    const broker = { registry: { nodes: new Map() }, localBus, waitForServices };
    const watch = settleInDoubt({ broker, name: "lab", store } as unknown as Parameters<typeof settleInDoubt>[0]);
    await once(looked, "done");
    localBus.emit("$node.disconnected", { node: { id: "transactions-1" } });
    await once(looked, "done");
    expect(looks).toBe(2);
    await watch.stop();
    expect(localBus.listenerCount("$node.disconnected")).toBe(0);
  });

  it("is settled at the start before the service is ready, once the journal is known; the start itself decides nothing", async () => {
    const told: string[] = [];
    const prepared = [{ tx: "transactions-1~1", since: 0 }];
    const store = {
      prepared: async () => [...prepared],
      commit: async (tx: string) => {
        told.push(`committed ${tx}`);
        prepared.pop();
      },
    };
    const broker = {
      registry: { nodes: new Map() }, // its coordinator lives, and is not known yet
      localBus: new EventEmitter(),
      waitForServices: async (name: string) => void told.push(`waited for ${name}`),
      call: async (_: string, { decide }: { decide: boolean }) => {
        told.push(`asked, decide: ${decide}`);
        return { state: "committed", at: 1 };
      },
    };
    const logger = { info: () => {}, debug: () => {}, error: () => {} };
    const writes = { ended: async () => {} };
    const watch = settleInDoubt({ broker, logger, name: "lab", store, writes } as unknown as Parameters<typeof settleInDoubt>[0]);
    await watch.looked;
    expect(told).toEqual(["waited for transactions", "asked, decide: false", "committed transactions-1~1"]);
    await watch.stop();
  });

  it("is settled by itself: one that cannot be carried out does not delay others", async () => {
    const settled: string[] = [];
    const store = {
      prepared: async () => ["gone~1", "gone~2", "gone~3"].map((tx) => ({ tx, since: 0 })).filter(({ tx }) => !settled.includes(tx)),
      commit: async (tx: string) => {
        if (tx === "gone~1") throw new Error("The disk says no.");
        settled.push(tx);
      },
      abort: async (tx: string) => settled.push(tx),
    };
    const errors: string[] = [];
    const broker = {
      registry: { nodes: new Map() },
      localBus: new EventEmitter(),
      waitForServices,
      call: async (_: string, { tx }: { tx: string }) => (tx === "gone~2" ? { state: "aborted" } : { state: "committed", at: 1 }),
    };
    const logger = { info: () => {}, debug: () => {}, error: (text: string) => errors.push(text) };
    const ended: [tx: string, isAborted: boolean][] = [];
    const writes = { ended: async (tx: string, { isAborted }: { isAborted: boolean }) => void ended.push([tx, isAborted]) };
    const watch = settleInDoubt({ broker, logger, store, writes } as unknown as Parameters<typeof settleInDoubt>[0]);
    for (let look = 0; settled.length < 2 && look < 100; look += 1) await delay(10);
    await watch.stop();
    expect(settled).toEqual(["gone~2", "gone~3"]);
    // What they have fenced may be referred to again.
    expect(ended).toEqual([
      ["gone~2", true],
      ["gone~3", false],
    ]);
    expect(errors[0]).toMatch(/gone~1.*The disk says no/);
  });

  it.each([
    ["a day ahead", 86_400_000],
    ["a day back", -86_400_000],
  ])("waits for its coordinator as long as ever when the clock is set %s: what is on its way is not given up", async (_, byMs) => {
    jest.useFakeTimers();
    try {
      const asked: { decide: boolean; after: number }[] = [];
      const begun = performance.now();
      const prepared: { tx: string; since: number }[] = [];
      const store = { prepared: async () => prepared };
      const call = async (_: string, { decide }: { decide: boolean }) => {
        asked.push({ decide, after: performance.now() - begun });
        return { state: "undecided" };
      };
      const broker = {
        registry: { nodes: new Map([["transactions-1", { available: true }]]) },
        localBus: new EventEmitter(),
        waitForServices,
        call,
      };
      const logger = { info: () => {}, debug: () => {}, error: () => {} };
      const watch = settleInDoubt({ broker, logger, name: "lab", store } as unknown as Parameters<typeof settleInDoubt>[0]);
      await jest.advanceTimersByTimeAsync(10);
      prepared.push({ tx: "transactions-1~1", since: Date.now() });
      await jest.advanceTimersByTimeAsync(1_000);
      jest.setSystemTime(Date.now() + byMs);
      await jest.advanceTimersByTimeAsync(40_000);
      await watch.stop();
      const undecided = asked.filter(({ decide }) => !decide);
      const decided = asked.filter(({ decide }) => decide);
      expect(undecided[0]?.after).toBeLessThan(4_000);
      expect(decided[0]?.after).toBeGreaterThan(25_000);
      expect(decided[0]?.after).toBeLessThan(30_000);
    } finally {
      jest.useRealTimers();
    }
  });
});
