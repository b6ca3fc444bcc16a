import { jest } from "@jest/globals";
import { anybodyAt, EVERYBODY, type Requester } from "./client-address.ts";
import type { Exchange } from "./http-exchange.ts";
import { InFlight } from "./in-flight.ts";

const LIMITS = { requests: 4, clientRequests: 2, addressRequests: 3, bytes: 1_000, clientBytes: 600, addressBytes: 800 };

describe("requests in flight", () => {
  let inFlight: InFlight;
  let released: number;
  beforeEach(() => {
    jest.useFakeTimers();
    released = 0;
    inFlight = new InFlight(LIMITS, (bytes) => {
      released += bytes;
    });
  });
  afterEach(() => {
    inFlight.stop();
    jest.useRealTimers();
  });

  const ended: Exchange[] = [];
  const open = (client: string | Requester): Exchange | undefined => {
    const requester = typeof client === "string" ? anybodyAt(client) : client;
    const response = { destroy: () => void ended.push(exchange as Exchange), writeContinue: () => {} };
    const exchange = inFlight.open(requester, response as never);
    return exchange;
  };
  const opened = (client: string | Requester): Exchange => open(client) as Exchange;
  const overloaded = expect.objectContaining({ code: 503, type: "OVERLOADED" });

  it("are limited per client, and in all", () => {
    const first = opened("a");
    opened("a");
    expect(open("a")).toBeUndefined();
    opened("b");
    opened("b");
    expect(open("c")).toBeUndefined();
    inFlight.close(first);
    expect([open("a"), inFlight.requests]).toEqual([expect.anything(), 4]);
  });

  describe("of people behind one address", () => {
    const [ada, bruno] = ["sub ada", "sub bruno"].map((name) => ({ name, address: "house" })) as [Requester, Requester];

    it("are counted per signed-in person, apart from those who are not, with a wider limit for all together", () => {
      opened(ada);
      const second = opened(ada);
      expect(open(ada)).toBeUndefined();
      opened(bruno);
      expect([open(bruno), open("house")]).toEqual([undefined, undefined]); // the house's places are taken
      inFlight.close(second);
      expect([open("house"), open("house")]).toEqual([expect.anything(), undefined]);
      expect(open("elsewhere")).toBeDefined();
    });

    it("are counted for one person from any address", () => {
      opened(ada);
      opened({ ...ada, address: "home" });
      expect([open(ada), open({ ...ada, address: "road" })]).toEqual([undefined, undefined]);
    });

    it("are counted for no person without a sign-in", () => {
      opened("house");
      opened("house");
      expect([open("house"), open(ada)]).toEqual([undefined, expect.anything()]);
    });

    it("take memory from the same person first, then from the same address", () => {
      const [first, second] = [opened(ada), opened(bruno)];
      first.hold(600);
      expect(() => first.hold(1)).toThrow(overloaded);
      second.hold(200);
      expect(() => second.hold(1)).toThrow(overloaded);
      opened("elsewhere").hold(200);
      inFlight.close(first);
      second.hold(1);
      expect(inFlight.bytes).toBe(401);
    });

    it("leave nothing behind when they end", () => {
      for (let n = 0; n < 10; n++) {
        const exchange = opened(ada);
        exchange.hold(100);
        inFlight.close(exchange);
      }
      expect([inFlight.requests, inFlight.bytes, opened(ada).quotas.map(({ requests, bytes }) => [requests, bytes])]).toEqual([
        0,
        0,
        [
          [1, 0],
          [1, 0],
        ],
      ]);
    });
  });

  it("keep their place and memory while they are worked on after the client has hung up", () => {
    const worked = jest.fn();
    const gone = opened("a");
    gone.hold(600);
    gone.begin();
    gone.work(worked);
    inFlight.close(gone);
    opened("a");
    expect([open("a"), inFlight.requests, inFlight.bytes, gone.isGone]).toEqual([undefined, 2, 600, true]);
    expect(worked).not.toHaveBeenCalled();
    gone.settle();
    expect([open("a") !== undefined, inFlight.requests, inFlight.bytes]).toEqual([true, 2, 0]);
    expect(worked).toHaveBeenCalledTimes(1);
    const waited = opened("b");
    waited.begin();
    waited.settle();
    expect(inFlight.requests).toBe(3); // its answer is still to be sent
    inFlight.close(waited);
    expect(inFlight.requests).toBe(2);
  });

  it("have no shares if all arrive by one proxy that does not name the clients", () => {
    const everybody = Array.from({ length: 4 }, () => open(EVERYBODY));
    expect(everybody.every(Boolean)).toBe(true);
    everybody[0]?.hold(1_000);
    expect([inFlight.bytes, open(EVERYBODY)]).toEqual([1_000, undefined]);
  });

  it("give up the place of a stalled body to the next request", () => {
    const refused: unknown[] = [];
    const receiving = opened("a");
    receiving.receive((error) => refused.push(error));
    opened("a");
    expect(open("a")).toBeUndefined(); // it has just begun
    jest.advanceTimersByTime(200);
    receiving.progress(1);
    expect(open("a")).toBeUndefined(); // it moves
    jest.advanceTimersByTime(200);
    expect(open("a")).toBeDefined();
    expect(refused).toEqual([overloaded]);
    expect(open("a")).toBeUndefined(); // what is worked on stays
  });

  it("are limited in bytes per client, and in all", () => {
    const [a, b] = [opened("a"), opened("b")];
    a.hold(600);
    expect(() => a.hold(1)).toThrow(overloaded as never);
    b.hold(400);
    expect(() => b.hold(1)).toThrow(overloaded as never);
    expect(() => b.requireRoom(1)).toThrow(overloaded as never);
    expect(inFlight.bytes).toBe(1_000);
    inFlight.close(a);
    b.requireRoom(100);
    expect([inFlight.bytes, released >= 600]).toEqual([400, true]);
  });

  it("take memory from a reader that does not read before they are refused", () => {
    ended.length = 0;
    const [slow, other] = [opened("a"), opened("b")];
    slow.send(600, false);
    other.hold(300);
    expect(() => other.hold(200)).toThrow(overloaded as never);
    jest.advanceTimersByTime(1_500);
    other.hold(200);
    expect([ended, inFlight.bytes]).toEqual([[slow], 500]);
  });

  it("that are small win over a much larger one, whether that is moving or not", () => {
    const refused: unknown[] = [];
    const [large, small] = [opened("a"), opened("a")];
    large.receive((error) => refused.push(error));
    large.hold(590);
    small.hold(20);
    expect([refused, inFlight.bytes]).toEqual([[overloaded], 20]);
  });

  it("always keep the answer to a write", () => {
    const [a, b] = [opened("a"), opened("b")];
    a.hold(600);
    b.send(500, true);
    expect(inFlight.bytes).toBe(1_100);
  });

  it("free what they held when they end", () => {
    const exchange = opened("a");
    const turns: string[] = [];
    exchange.work(() => turns.push("first"));
    inFlight.close(exchange);
    exchange.work(() => turns.push("late"));
    exchange.hold(100);
    expect([turns, inFlight.bytes, inFlight.requests]).toEqual([["first", "late"], 0, 0]);
  });

  it("are ended if their body arrives too slowly, and others are not", () => {
    const refused: string[] = [];
    const [slow, quick] = [opened("a"), opened("b")];
    slow.receive((error) => refused.push(`slow ${(error as { type?: string }).type}`));
    quick.receive(() => refused.push("quick"));
    for (let second = 1; second <= 9; second++) inFlight.sweep(performance.now() + second * 1_000);
    expect(refused).toEqual([]);
    slow.progress(39_000);
    quick.progress(60_000);
    inFlight.sweep(performance.now() + 11_000);
    expect(refused).toEqual(["slow REQUEST_TOO_SLOW"]);
  });

  it("are ended if the client takes nothing, or next to nothing, of the answer for half a minute", () => {
    ended.length = 0;
    const [stalled, trickling, quick] = [opened("a"), opened("a"), opened("b")];
    for (const exchange of [stalled, trickling, quick]) exchange.send(10, false);
    const begun = performance.now();
    jest.advanceTimersByTime(29_000);
    trickling.progress(100_000);
    quick.progress(1_000_000);
    inFlight.sweep(begun + 29_500);
    expect(ended).toEqual([]);
    inFlight.sweep(begun + 31_000);
    expect(ended).toEqual([stalled, trickling]);
    expect(inFlight.bytes).toBe(10);
  });
});
