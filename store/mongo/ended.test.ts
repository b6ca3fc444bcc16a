/** How MongoDB is told of transactions that were given up before they were prepared. */
import { basename } from "node:path";
import { jest } from "@jest/globals";
import { MongoClient } from "mongodb";
import { mongoKit, temporaryFolder } from "../../test/kit/stores.ts";
import { openMongo } from "./mongo-store.ts";

/** All that tells or awaits time but `Date`. */
const REAL = ["hrtime", "nextTick", "performance", "queueMicrotask"] as const;
const TIMERS = ["setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "clearImmediate"] as const;
const HOUR_MS = 3_600_000;

describe("an aborted transaction in MongoDB", () => {
  let client: MongoClient;
  beforeAll(async () => {
    await mongoKit.start();
    client = await new MongoClient(mongoKit.url()).connect();
  });
  afterAll(async () => {
    await client?.close();
    await mongoKit.stop();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each([-2, 2])(
    "is remembered for as long by a process whose clock is %i hours off, and can be ended by one of an earlier version",
    async (hours) => {
      const database = basename(await temporaryFolder());
      const store = await openMongo({ name: "test", indexVersion: "1", reindex: () => ({ keys: [], ranges: [] }), client, database });
      const now = Date.now();
      jest.useFakeTimers({ now: now + hours * HOUR_MS, doNotFake: [...REAL, ...TIMERS] });
      await store.abort("late");
      const [noted] = await client.db(database).collection("prepared").find().toArray();
      expect(noted).toEqual({ _id: "late", endedAt: expect.any(Date), locks: [], more: 0 });
      expect(Math.abs(noted?.["endedAt"].getTime() - now)).toBeLessThan(HOUR_MS);
      await store.close();
      await client.db(database).dropDatabase();
    },
  );
});
