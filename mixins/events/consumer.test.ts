/** What a service does with events that it cannot handle. */
import { Errors } from "moleculer";
import { FileBusy } from "../../store/sqlite/database.ts";
import type { Store } from "../../store/store.ts";
import { StoreError, StoreErrorType } from "../../store/store-error.ts";
import { alreadyHandled } from "../../federation/errors.ts";
import { type DeadLetter, EventConsumer, type EventHandler } from "./consumer.ts";
import { partitionOf } from "./jetstream.ts";

const event = { id: "Encounter/1/2", event: "fhir.Encounter", key: "Encounter/1", at: 0, payload: {} };

describe("an event", () => {
  let kept: Map<string, string>;
  let dead: DeadLetter[];
  let handler: EventHandler;
  let consumer: EventConsumer;
  beforeEach(() => {
    kept = new Map();
    dead = [];
    const store = {
      put: async (key: string, value: string) => kept.set(key, value) && value,
      get: async (key: string) => kept.get(key),
      entries: async () => [...kept].map(([key, value]) => ({ key, value })),
      remove: async (key: string) => void kept.delete(key),
    } as unknown as Store;
    const onDead = (letter: DeadLetter) => dead.push(letter);
    consumer = new EventConsumer({ handlers: { "fhir.*": (one) => handler(one) }, store: () => store, onDead });
    consumer.start();
  });

  it("is done after its handler, if its effect exists already, and if there is no handler", async () => {
    let calls = 0;
    handler = async () => {
      calls += 1;
    };
    expect(await consumer.attempt(event, 0)).toBeUndefined();
    expect(await consumer.attempt({ ...event, event: "billing.charged" }, 0)).toBeUndefined();
    expect(calls).toBe(1);
    handler = () => Promise.reject(alreadyHandled({ id: event.id }));
    expect(await consumer.attempt(event, 99)).toBeUndefined();
    expect(dead).toEqual([]);
  });

  it("is retried after pauses of up to a minute, and then becomes a dead letter with the reason", async () => {
    handler = () => Promise.reject(new Errors.MoleculerClientError("no", 422, "INVALID_RESOURCE"));
    const pauses = await Promise.all([0, 1, 2, 3, 8].map((tries) => consumer.attempt(event, tries)));
    for (const [index, least] of [100, 200, 400, 800, 25_600].entries()) {
      expect(pauses[index]).toBeGreaterThanOrEqual(least);
      expect(pauses[index]).toBeLessThanOrEqual(least * 1.5);
    }
    expect(dead).toEqual([]);
    expect(await consumer.attempt(event, 9)).toBeUndefined();
    expect(dead).toMatchObject([{ event, tries: 10, reason: { type: "INVALID_RESOURCE", code: 422 } }]);
    expect(await consumer.dead(10)).toEqual(dead);
  });

  it.each([
    ["another service is down", new Errors.MoleculerRetryableError("down", 503, "OWNER_DOWN")],
    ["the service's own store is away", new StoreError(StoreErrorType.unavailable, 0)],
    ["another transaction holds what it writes", new StoreError(StoreErrorType.locked, 0)],
    ["another process keeps its file", new FileBusy("billing.db")],
  ])("is never set aside because %s", async (_, reason) => {
    handler = () => Promise.reject(reason);
    expect(await consumer.attempt(event, 1_000)).toBeGreaterThanOrEqual(60_000);
    // On the stream, where others wait behind it.
    expect(await consumer.attempt(event, 1_000, 5_000)).toBeLessThanOrEqual(7_500);
    expect(dead).toEqual([]);
  });

  it("that is a dead letter is handled again when an operator replays it, and stays one if that fails too", async () => {
    handler = () => Promise.reject(new Error("a fault"));
    await consumer.attempt(event, 9);
    await expect(consumer.replay(event.id)).rejects.toThrow("a fault");
    expect(await consumer.dead(10)).toHaveLength(1);
    const seen: unknown[] = [];
    handler = async (one) => void seen.push(one);
    expect(await consumer.replay(event.id)).toBe(true);
    expect(seen).toEqual([event]);
    expect(await consumer.replay(event.id)).toBe(false);
  });

  it("waits, without using an attempt, until the service is ready", async () => {
    let calls = 0;
    handler = async () => {
      calls += 1;
    };
    const closed = new EventConsumer({ handlers: { "fhir.*": (one) => handler(one) }, store: () => ({}) as Store, onDead: () => {} });
    expect(await closed.attempt(event, 9)).toBeGreaterThan(0);
    const delivered = closed.deliver(event);
    expect(calls).toBe(0);
    closed.start();
    await delivered;
    expect(calls).toBe(1);
  });

  it("belongs to one partition, always the same for one record", () => {
    const partitions = Array.from({ length: 200 }, (_, n) => partitionOf(`Encounter/${n}`));
    expect([...new Set(partitions)].sort()).toEqual([0, 1]);
    expect(partitionOf("Encounter/1")).toBe(partitions[1]);
  });
});
