/** What a process that is killed has open in MongoDB holds up nobody for longer than some seconds. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { basename } from "node:path";
import { MongoClient } from "mongodb";
import { mongoKit, temporaryFolder } from "../../test/kit/stores.ts";
import { openMongo } from "./mongo-store.ts";
import { OpenSessions } from "./open-sessions.ts";
import { collectionsOf } from "./schema.ts";

/** Writes a counter in a transaction, says so, and neither commits nor ends it. */
const LEAVES_OPEN = `
const { MongoClient } = await import("mongodb");
const { OpenSessions } = await import(process.argv[3]);
const { collectionsOf } = await import(process.argv[4]);
const client = await new MongoClient(process.argv[1]).connect();
const { sessions, counter } = collectionsOf(client.db(process.argv[2]));
const session = new OpenSessions(client, sessions).start();
session.startTransaction({ readConcern: { level: "snapshot" } });
await counter.updateOne({ _id: "shelf" }, { $inc: { value: 100 } }, { session });
while ((await sessions.countDocuments()) < 2) {}
console.log("open");
setInterval(() => {}, 1_000);`;

describe("the sessions of a process that was killed", () => {
  let client: MongoClient;
  let database: string;
  const options = () => ({ name: "test", indexVersion: "1", reindex: () => ({ keys: [], ranges: [] }), database });
  beforeAll(async () => {
    await mongoKit.start();
    database = basename(await temporaryFolder());
    client = await new MongoClient(mongoKit.url()).connect();
  });
  afterAll(async () => {
    await client?.db(database).dropDatabase();
    await client?.close();
    await mongoKit.stop();
  });

  it("end soon after it, and nothing of what they had begun has happened", async () => {
    const store = await openMongo({ ...options(), client });
    await store.write([{ op: "add", counter: "shelf", by: 5 }]);
    const parts = ["open-sessions.ts", "schema.ts"].map((file) => new URL(file, import.meta.url).href);
    const child = spawn(process.execPath, ["--input-type=module", "-e", LEAVES_OPEN, mongoKit.url(), database, ...parts]);
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await store.write([{ op: "add", counter: "shelf", by: -3 }])).toMatchObject([{ value: 2 }]);
    expect(await store.counter("shelf")).toBe(2);
    await store.close();
  });

  it("of a running process are left alone", async () => {
    const another = await new MongoClient(mongoKit.url()).connect();
    const { sessions, counter } = collectionsOf(client.db(database));
    const [living, other] = [new OpenSessions(client, sessions), new OpenSessions(another, sessions)];
    const session = living.start();
    session.startTransaction({ readConcern: { level: "snapshot" } });
    await counter.updateOne({ _id: "kept" }, { $inc: { value: 1 } }, { session, upsert: true });
    await other.endThoseOfTheDead();
    await session.commitTransaction();
    await living.end(session);
    expect(await counter.findOne({ _id: "kept" })).toMatchObject({ value: 1 });
    await Promise.all([living.close(), other.close()]);
    expect(await sessions.countDocuments()).toBe(0);
    await another.close();
  });
});
