import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "../moleculer.config.ts";
import { type Server, startRedis } from "../scripts/servers.mjs";
import { readConfig } from "./config.ts";
import { cacheKey } from "./cache.ts";

const action = { name: "wards.beds" };
const key = (params: object, meta: object = {}, keys?: string[]) => cacheKey(action, keys ? { keys } : null, { params, meta });

describe("the key of a cached answer", () => {
  it("does not depend on the order of the params", () => {
    expect(key({ a: 1, b: { c: 2, d: [3] } })).toBe(key({ b: { d: [3], c: 2 }, a: 1 }));
  });

  it.each([
    ["params", key({ ward: "1" }), key({ ward: "2" })],
    ["who asks", key({}, { user: "ann" }), key({}, { user: "bob" })],
    ["a number and its text", key({ ward: 1 }), key({ ward: "1" })],
    ["a list and its joined text", key({ ids: ["a", "b"] }), key({ ids: ["a|b"] })],
    ["nothing and null", key({}), key({ ward: null })],
    ["params and meta", key({ user: "ann" }, {}), key({}, { user: "ann" })],
  ])("tells questions apart by %s", (_, one, other) => {
    expect(one).not.toBe(other);
  });

  it("contains exactly the params that the action names, if it names any", () => {
    const keys = ["ward", "#user"];
    expect(key({ ward: "1", trace: "x" }, { user: "ann" }, keys)).toBe(key({ ward: "1", trace: "y" }, { user: "ann" }, keys));
    expect(key({ ward: "1" }, { user: "ann" }, keys)).not.toBe(key({ ward: "1" }, { user: "bob" }, keys));
  });

  it("begins with the action, so that a change of a ward empties `wards.**`", () => {
    expect(key({})).toMatch(/^wards\.beds:/);
  });
});

describe("Redis", () => {
  const dir = mkdtempSync(join(tmpdir(), "openward-redis-"));
  let redis: Server;
  let broker: ServiceBroker;
  let beds = 3;
  let asked = 0;

  beforeAll(async () => {
    redis = await startRedis({ dir });
    broker = new ServiceBroker(brokerOptions(readConfig({ ACCESS: "open", REDIS_URL: redis.url, LOG_LEVEL: "fatal" })));
    broker.createService({
      name: "wards",
      actions: {
        beds: {
          cache: true,
          handler: () => {
            asked += 1;
            return beds;
          },
        },
      },
    });
    await broker.start();
    await connected();
  });

  afterAll(async () => {
    await broker.stop();
    await redis.stop();
    rmSync(dir, { recursive: true });
  });

  const cacher = () =>
    broker.cacher as unknown as { connected: boolean; client: { status: string; once(event: string, listener: () => void): void } };
  const connected = async () => {
    if (cacher().client.status !== "ready") await new Promise<void>((resolve) => cacher().client.once("ready", resolve));
  };
  const ask = () => broker.call<number, object>("wards.beds", {});

  it("keeps answers, is not needed when it fails, and never returns an answer that changed meanwhile", async () => {
    expect([await ask(), await ask(), asked]).toEqual([3, 3, 1]);

    const gone = new Promise<void>((resolve) => cacher().client.once("close", resolve));
    await redis.kill();
    await gone;
    expect(await Promise.all([ask(), ask()])).toEqual([3, 3]);
    expect(asked).toBe(3);
    beds = 2;
    await broker.cacher?.clean("wards.**");
    expect(await ask()).toBe(2);

    redis = await startRedis({ dir, port: redis.port });
    await connected();
    expect(await ask()).toBe(2);
    const before = asked;
    expect([await ask(), await ask()]).toEqual([2, 2]);
    expect(asked).toBeLessThanOrEqual(before + 2);
  });
});
