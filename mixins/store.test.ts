/** `this.store` in a Moleculer service, and moleculer-db's Mongo adapter on the current driver. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Service, ServiceBroker } from "moleculer";
import { create } from "../test/kit/resources.ts";
import { mongoKit, sqliteKit, temporaryFolder } from "../test/kit/stores.ts";
import { databaseName } from "../store/choose-adapter.ts";
import { Store, type WithStore } from "./store.ts";
import { MongoAdapter } from "../store/mongo/adapter.ts";

const options = { indexVersion: "1", reindex: () => ({ keys: [], ranges: [] }) };

describe("a service with a store", () => {
  let folder: string;
  let broker: ServiceBroker;
  beforeEach(async () => {
    folder = await temporaryFolder();
    broker = new ServiceBroker({ logger: false });
  });
  afterEach(async () => {
    await broker.stop();
    await sqliteKit.clear(folder);
  });

  it("has it open from its start to its stop, in a file of its own", async () => {
    const seen: unknown[] = [];
    const service = broker.createService({
      name: "wards",
      mixins: [Store({ ...options, config: { dataDir: join(folder, "new", "data") } })],
      async started(this: Service & WithStore) {
        seen.push(...(await this.store.write([create("ann")])).map(({ outcome }) => outcome));
      },
      async stopped(this: Service & WithStore) {
        seen.push(await this.store.count("Patient", []));
      },
    });
    await broker.start();
    await broker.destroyService(service);
    expect(seen).toEqual(["created", 1]);
  });

  it("publishes nothing of moleculer-db", async () => {
    broker.createService({ name: "wards", mixins: [Store({ ...options, config: { dataDir: folder } })] });
    await broker.start();
    for (const action of ["find", "list", "create", "insert", "update", "remove", "get", "count"]) {
      await expect(broker.call(`wards.${action}`, {})).rejects.toMatchObject({ type: "SERVICE_NOT_FOUND" });
    }
  });

  it("does not start without it, and says why", async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "wards.sqlite"), "Dear diary, ".repeat(1_000));
    const service = broker.createService({ name: "wards", mixins: [Store({ ...options, config: { dataDir: folder } })] });
    await expect(service._start()).rejects.toMatchObject({
      type: "STORE_UNAVAILABLE",
      message: expect.stringContaining("not a store of OpenWard"),
    });
  });
});

it.each([
  ["mongodb://127.0.0.1:27017", "openward_lab"],
  ["mongodb://user:secret@a:1,b:2/?replicaSet=rs", "openward_lab"],
  ["mongodb+srv://cluster.example/north?w=majority", "north_lab"],
])("with MONGO_URL=%s the lab's database is %s", (url, name) => {
  expect(databaseName(url, "lab")).toBe(name);
});

describe("moleculer-db's Mongo adapter", () => {
  beforeAll(() => mongoKit.start(), 60_000);
  afterAll(() => mongoKit.stop());

  it("does on the current driver what its interface promises", async () => {
    const broker = new ServiceBroker({ logger: false });
    const service = broker.createService({ name: "notes", collection: "note" } as never);
    const adapter = new MongoAdapter(mongoKit.url(), `notes-${process.pid}`, { ...options, name: "notes" });
    adapter.init(broker, service);
    await adapter.connect();
    try {
      const { _id } = await adapter.insert({ text: "a", version: 1 });
      const id = String(adapter.objectIDToString(_id));
      expect(await adapter.findById(id)).toMatchObject({ text: "a" });
      expect(await adapter.insertMany([{ text: "b" }, { text: "c" }])).toMatchObject([
        { text: "b", _id: expect.anything() },
        { text: "c" },
      ]);
      expect([await adapter.count({}), await adapter.find({ query: { text: "b" } })]).toMatchObject([3, [{ text: "b" }]]);
      expect(await adapter.updateById(id, { $set: { text: "d" } })).toMatchObject({ text: "d" });
      expect(await adapter.updateMany({ _id, version: 1 }, { $set: { version: 2 } })).toBe(1);
      expect(await adapter.updateMany({ _id, version: 1 }, { $set: { version: 2 } })).toBe(0);
      expect(await adapter.removeById(id)).toMatchObject({ text: "d" });
      expect(await adapter.removeById(id)).toBeNull();
      expect(await adapter.clear()).toBe(2);
      expect(await adapter.openWard?.write([create("ann")])).toMatchObject([{ outcome: "created" }]);
    } finally {
      await adapter.db.dropDatabase();
      await adapter.disconnect();
      await broker.stop();
    }
  });
});
