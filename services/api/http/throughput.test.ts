import { jest } from "@jest/globals";
import { anybodyAt } from "./client-address.ts";
import type { Exchange } from "./http-exchange.ts";
import { InFlight, LIMITS } from "./in-flight.ts";
import { Throughput } from "./throughput.ts";

describe("the throughput of a gateway", () => {
  it("limits the requests in progress to those answered within three seconds, but not below 256", () => {
    const pace = new Throughput();
    expect(pace.bound(1_000_000)).toBe(256);
    for (let at = 0; at < 3_000; at += 5) pace.done(1_000_000 + at); // 200 a second
    expect(pace.bound(1_002_999)).toBe(600);
    expect(pace.bound(1_003_999)).toBe(400); // a part of it is long ago
    expect(pace.bound(1_010_000)).toBe(256);
  });
});

describe("an overloaded gateway", () => {
  let inFlight: InFlight;
  beforeEach(() => {
    jest.useFakeTimers({ now: 1_000_000_000 });
    inFlight = new InFlight(LIMITS);
  });
  afterEach(() => {
    inFlight.stop();
    jest.useRealTimers();
  });
  const open = (client: string) => inFlight.open(anybodyAt(client), { destroy: () => undefined as never, writeContinue: () => {} });
  const opened = (client: string, count: number) => Array.from({ length: count }, () => open(client)).filter((one) => one !== undefined);

  it("refuses the client with the most requests in progress, and accepts others", () => {
    expect(opened("a", 512)).toHaveLength(257); // one more than is bounded
    expect(open("a")).toBeUndefined();
    expect(open("b")).toBeDefined();
    expect(opened("c", 100).length).toBeGreaterThan(50);
  });

  it("accepts nobody beyond twice the limit", () => {
    const taken = Array.from({ length: 2_000 }, (_, client) => open(`${client}`)).filter((one) => one !== undefined);
    expect(taken.length).toBeGreaterThan(256);
    expect(taken.length).toBeLessThan(520);
  });

  it("does not count bodies that have not arrived", () => {
    const bodies = opened("a", 250);
    for (const body of bodies) body.receive(() => {});
    expect(opened("b", 256)).toHaveLength(256);
  });

  it("accepts more at a higher throughput", () => {
    for (let answered = 0; answered < 600; answered += 1) inFlight.close(open("a") as Exchange);
    expect(opened("a", 500)).toHaveLength(500);
  });
});
