/** What holds of the armed subscriptions at their limit. */
import type { ParsedSearch } from "../../fhir/search/criteria.ts";
import type { Store } from "../../store/store.ts";
import { ArmedSubscriptions, MAX_ARMED } from "./armed.ts";

/** The map of a store, in memory. */
function mapOf(): Store {
  const kept = new Map<string, string>();
  return {
    put: async (key: string, value: string) => kept.set(key, kept.get(key) ?? value).get(key),
    remove: async (key: string) => void kept.delete(key),
    entries: async (prefix: string, limit: number) =>
      [...kept]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit)
        .map(([key, value]) => ({ key, value })),
  } as unknown as Store;
}

const one = (id: string) => ({ id, type: "Patient", pairs: [], fingerprint: "x" });

describe("subscriptions that are activated and ended at the same moment", () => {
  it("share their readings of all: their cost grows with their number, not with its square", async () => {
    const store = mapOf();
    let readings = 0;
    const counted = {
      ...store,
      entries: (...asked: Parameters<Store["entries"]>) => store.entries(...asked).finally(() => (readings += 1)),
    };
    const node = new ArmedSubscriptions(counted as Store, () => ({}) as ParsedSearch);
    const ids = Array.from({ length: 400 }, (_, n) => `s${n}`);
    await Promise.all(ids.map((id) => node.arm(one(id))));
    expect(node.of("Patient")).toHaveLength(400);
    await Promise.all(ids.map((id) => node.disarm(id)));
    expect(node.of("Patient")).toHaveLength(0);
    expect(readings).toBeLessThan(12);
    node.stop();
  });

  it("are each told if the store fails, and can be activated later", async () => {
    const store = mapOf();
    let isAway = true;
    const entries = async (...asked: Parameters<Store["entries"]>) => {
      if (isAway) throw new Error("away");
      return store.entries(...asked);
    };
    const node = new ArmedSubscriptions({ ...store, entries } as Store, () => ({}) as ParsedSearch);
    const told = await Promise.allSettled(["a", "b"].map((id) => node.arm(one(id))));
    expect(told.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    isAway = false;
    await Promise.all(["a", "b"].map((id) => node.arm(one(id))));
    expect(node.of("Patient")).toHaveLength(2);
    node.stop();
  });
});

describe("at the limit of active subscriptions", () => {
  let nodes: ArmedSubscriptions[];
  beforeEach(async () => {
    const store = mapOf();
    for (let n = 1; n < MAX_ARMED; n += 1) await store.put(`armed/z${n}`, JSON.stringify(one(`z${n}`)));
    nodes = [1, 2].map(() => new ArmedSubscriptions(store, () => ({}) as ParsedSearch));
    for (const node of nodes) await node.look();
  });
  afterEach(() => {
    for (const node of nodes) node.stop();
  });
  const armAt = (node: ArmedSubscriptions | undefined, ...ids: string[]) =>
    Promise.allSettled(ids.map((id) => (node as ArmedSubscriptions).arm(one(id))));
  const heard = async () => {
    for (const node of nodes) await node.look();
    return nodes.map((node) => node.of("Patient").filter(({ id }) => id.startsWith("z")).length);
  };

  it("one more is accepted, further ones are refused with a message, and active ones continue", async () => {
    const [first, ...others] = await armAt(nodes[0], "a1", "a2", "a3", "a4");
    expect(first).toMatchObject({ status: "fulfilled" });
    for (const other of others) expect(other).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining("1000") } });
    expect(await heard()).toEqual([MAX_ARMED - 1, MAX_ARMED - 1]);
    await (nodes[0] as ArmedSubscriptions).arm(one("a1")); // it is one of them
  });

  it("nodes that activate one at the same time revert those above the limit", async () => {
    await Promise.all([armAt(nodes[0], "a1", "a2"), armAt(nodes[1], "b1", "b2")]);
    expect(await heard()).toEqual([MAX_ARMED - 1, MAX_ARMED - 1]);
    expect(nodes[0]?.of("Patient").length).toBeLessThanOrEqual(MAX_ARMED);
  });
});
