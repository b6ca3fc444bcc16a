/** How often the MongoDB store asks its server, and that one transaction is committed by one process at a time. */
import { basename } from "node:path";
import { MongoClient } from "mongodb";
import { create, update } from "../../test/kit/resources.ts";
import { mongoKit, temporaryFolder } from "../../test/kit/stores.ts";
import type { Store } from "../store.ts";
import { openMongo } from "./mongo-store.ts";

describe("the MongoDB store", () => {
  let client: MongoClient;
  let store: Store;
  let other: Store;
  let database: string;
  let commands: string[];
  let sent: string[];
  beforeAll(async () => {
    await mongoKit.start();
    database = basename(await temporaryFolder());
    client = new MongoClient(mongoKit.url(), { monitorCommands: true });
    client.on("commandStarted", ({ commandName, command }) => {
      commands?.push(commandName);
      sent?.push(JSON.stringify(command["pipeline"]));
    });
    await client.connect();
    const options = { name: "test", indexVersion: "1", reindex: () => ({ keys: [], ranges: [] }), database };
    store = await openMongo({ ...options, client });
    other = await openMongo({ ...options, url: mongoKit.url() });
  });
  afterAll(async () => {
    await client?.db(database).dropDatabase();
    await other?.close();
    await store?.close();
    await client?.close();
    await mongoKit.stop();
  });
  beforeEach(() => {
    commands = [];
    sent = [];
  });

  const hundred = (prefix: string) =>
    Array.from({ length: 100 }, (_, index) => create(`${prefix}${index}`, { name: `n${index}` }, { isKeyless: true }));

  it("writes a hundred resources in fewer than ten commands, and also their next versions", async () => {
    await store.write(hundred("w"));
    expect(commands.length).toBeLessThan(10);
    commands = [];
    await store.write(Array.from({ length: 100 }, (_, index) => update(`w${index}`, { name: `m${index}` })));
    expect(commands.length).toBeLessThan(10);
    expect(await store.read("Patient", "w99")).toMatchObject({ version: 2 });
    expect(await store.readVersion("Patient", "w99", 1)).toMatchObject({ version: 1 });
  });

  it("finds in one command what refers to a resource, however many types may", async () => {
    const types = Array.from({ length: 35 }, (_, index) => ({ type: `Type${index}`, slots: [200 + index, 300 + index] }));
    expect(await store.referredTo(types, ["Patient/a", "Patient/b"])).toEqual([]);
    expect(commands).toEqual(["aggregate"]);
  });

  it("writes what relies on a hundred other resources, and fences them, in fewer than ten commands", async () => {
    const others = Array.from({ length: 100 }, (_, index) => ({ type: "Patient", id: `r${index}`, version: 1 }));
    await store.write(hundred("r"));
    commands = [];
    const reliance = { on: others.map((other) => ({ ...other, isOwn: true })), until: performance.now() + 60_000 };
    await store.write([create("relying")], undefined, reliance);
    expect(commands.length).toBeLessThan(10);
    commands = [];
    expect(
      (await store.readAll([...others.map(({ type, id }): [string, string] => [type, id]), ["Patient", "none"]])).map((it) => it?.version),
    ).toEqual([...others.map(() => 1), undefined]);
    expect(commands).toEqual(["find"]);
    commands = [];
    await store.fence(others, { token: "one", expiresAt: Date.now() + 60_000 });
    expect(commands.length).toBeLessThan(10);
    await expect(store.write([create("late")], undefined, reliance)).rejects.toMatchObject({ type: "FACTS_OUTDATED" });
    commands = [];
    await store.unfence(others, "one");
    expect(commands.length).toBeLessThan(10);
  });

  it("measures its map in one command, without reading values", async () => {
    await store.put("answer/1", "ä");
    await store.put("answer/2", "bc");
    sent = [];
    expect(await store.usage("answer/")).toEqual({ count: 2, bytes: 4 });
    expect(sent).toEqual([expect.stringContaining("$bytes")]);
    expect(sent.join()).not.toContain("$value");
  });

  it("prepares and commits a hundred resources in fewer than ten commands each, besides its lease", async () => {
    await store.prepare("tx-100", hundred("p"));
    expect(commands.length).toBeLessThan(10);
    commands = [];
    await store.commit("tx-100", Date.now());
    expect(commands.length).toBeLessThan(10 + 3);
    expect(await store.read("Patient", "p0")).toMatchObject({ version: 1 });
  });

  it("commits once what many ask it to commit, in one process and in two", async () => {
    await store.prepare("tx-many", hundred("m"));
    const asked = Array.from({ length: 10 }, (_, index) => (index % 2 ? store : other).commit("tx-many", 1_700_000_000_000));
    await Promise.all(asked);
    for (const id of ["m0", "m99"]) expect(await other.read("Patient", id)).toMatchObject({ version: 1, updated: 1_700_000_000_000 });
    expect(await store.prepared()).toEqual([]);
  });
});
