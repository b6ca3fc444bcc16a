/** What the relay of an outbox promises: in order for a record, and nothing gone before it is safe. */
import { setTimeout as delay } from "node:timers/promises";
import type { WaitingEvent } from "../../store/writes.ts";
import { Relay, type RelayOptions } from "./relay.ts";

const event = (place: number, key: string): WaitingEvent => ({
  place: `${place}`,
  id: `${key}/${place}`,
  subject: "x.y",
  key,
  at: 0,
  payload: "{}",
});

/** An outbox in memory. */
function outboxOf(...events: WaitingEvent[]) {
  let waiting = events;
  return {
    get waiting() {
      return waiting.map(({ id }) => id);
    },
    add: (more: WaitingEvent) => {
      waiting = [...waiting, more];
    },
    outbox: async (_: string, limit: number, except: string[] = []) => waiting.filter(({ key }) => !except.includes(key)).slice(0, limit),
    relayed: async (places: string[]) => {
      waiting = waiting.filter(({ place }) => !places.includes(place));
    },
  };
}

describe("the relay of an outbox", () => {
  const relays: Relay[] = [];
  afterEach(() => Promise.all(relays.splice(0).map((relay) => relay.stop(100))));
  const start = (options: Pick<RelayOptions, "store" | "send"> & Partial<RelayOptions>): Relay => {
    const relay = new Relay({ queue: "out", warn: () => {}, ...options });
    relays.push(relay);
    relay.kick();
    return relay;
  };

  it("sends the events of each record in their order, and empties the outbox", async () => {
    const store = outboxOf(...Array.from({ length: 1_000 }, (_, n) => event(n, `r${n % 7}`)));
    const sent: WaitingEvent[] = [];
    await new Promise<void>((resolve) => {
      start({
        store,
        send: async (one) => {
          await delay(Math.random());
          sent.push(one);
          if (sent.length === 1_000) resolve();
          return undefined;
        },
      });
    });
    for (const [, ofRecord] of Map.groupBy(sent, ({ key }) => key)) {
      const places = ofRecord.map(({ place }) => Number(place));
      expect(places).toEqual([...places].sort((a, b) => a - b));
    }
    expect(new Set(sent.map(({ id }) => id)).size).toBe(1_000);
    while (store.waiting.length > 0) await delay(1);
  });

  it("keeps an event that cannot be sent, and later ones of its record, while others are sent", async () => {
    const store = outboxOf(event(1, "ill"), event(2, "ill"), event(3, "well"));
    const sent: string[] = [];
    const tried: string[] = [];
    const warned: string[] = [];
    let isIll = true;
    await new Promise<void>((resolve) => {
      start({
        store,
        warn: (sentence) => warned.push(sentence),
        send: async ({ id, key }) => {
          tried.push(id);
          if (key === "ill" && isIll) {
            if (tried.filter((one) => one === "ill/1").length === 2) isIll = false; // it is well again after two tries
            throw new Error("NATS is away.");
          }
          sent.push(id);
          if (sent.length === 3) resolve();
          return undefined;
        },
      });
    });
    expect(sent).toEqual(["well/3", "ill/1", "ill/2"]);
    expect(warned).toEqual([expect.stringContaining("stay in the outbox")]); // once
  });

  it("removes nothing unsent when it stops, and another one continues", async () => {
    const store = outboxOf(event(1, "a"), event(2, "b"));
    const first = start({ store, send: () => Promise.reject(new Error("away")) });
    await first.stop(50);
    expect(store.waiting).toEqual(["a/1", "b/2"]);
    const sent: string[] = [];
    await new Promise<void>((resolve) => {
      start({
        store,
        send: async ({ id }) => {
          if (sent.push(id) === 2) resolve();
          return undefined;
        },
      });
    });
    expect(sent.sort()).toEqual(["a/1", "b/2"]);
  });

  it("leaves everything to the holder of the lease", async () => {
    const store = outboxOf(event(1, "a"));
    const asked = new Promise<void>((resolve) => {
      const isOurs = async () => {
        resolve();
        return false;
      };
      start({ store, isOurs, send: () => Promise.reject(new Error("not ours")) });
    });
    await asked;
    expect(store.waiting).toEqual(["a/1"]);
  });

  it("does not let records that fail delay others, however many, and retries each when it is due", async () => {
    const dead = Array.from({ length: 800 }, (_, n) => event(n, `dead${n}`));
    const store = outboxOf(...dead, event(800, "well"));
    const triesOf = new Map<string, number[]>();
    let isWell = false;
    await new Promise<void>((resolve) => {
      start({
        store,
        send: async ({ key }, tries) => {
          triesOf.set(key, [...(triesOf.get(key) ?? []), tries]);
          if (key === "well") isWell = true;
          if (triesOf.get("dead0")?.length === 3 && isWell) resolve();
          return key === "well" ? undefined : 100 * 2 ** tries;
        },
      });
    });
    expect(triesOf.get("dead0")).toEqual([0, 1, 2]);
  });

  it("checks its lease under any load, and before each attempt", async () => {
    const asked: number[] = [];
    let isOurs = true;
    const store = outboxOf(...Array.from({ length: 600 }, (_, n) => event(n, `slow${n}`)));
    const ends: (() => void)[] = [];
    let sent = 0;
    const relay = await new Promise<Relay>((resolve) => {
      const started = start({
        store,
        isOurs: async () => asked.push(sent) > 0 && isOurs,
        send: () => {
          sent += 1;
          if (sent === 512) setImmediate(() => resolve(started));
          return new Promise((done) => ends.push(() => done(undefined)));
        },
      });
    });
    const [before, at] = [asked.length, sent];
    relay.kick();
    while (asked.length === before) await delay(1); // it is asked with all places taken, and so the lease is renewed
    isOurs = false;
    for (const end of ends) end();
    while (store.waiting.length > 600 - at) await delay(1);
    expect([sent, store.waiting.length]).toEqual([at, 600 - at]);
  });
});
