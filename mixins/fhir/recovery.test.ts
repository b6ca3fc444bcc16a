import { EventEmitter, once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { settleInDoubt } from "./recovery.ts";

describe("What is left in doubt", () => {
  it("is looked at when a node is lost: it may be the coordinator that everybody waits for", async () => {
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
    const broker = { registry: { nodes: new Map() }, localBus };
    const watch = settleInDoubt({ broker, name: "lab", store } as unknown as Parameters<typeof settleInDoubt>[0]);
    await once(looked, "done");
    localBus.emit("$node.disconnected", { node: { id: "transactions-1" } });
    await once(looked, "done");
    expect(looks).toBe(2);
    await watch.stop();
    expect(localBus.listenerCount("$node.disconnected")).toBe(0);
  });

  it("is settled one by one: what cannot be carried out keeps none of the others waiting", async () => {
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
});
