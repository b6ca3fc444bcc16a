/** `this.store` in a Moleculer service. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Service, ServiceBroker } from "moleculer";
import { create } from "../test/kit/resources.ts";
import { sqliteKit, temporaryFolder } from "../test/kit/stores.ts";
import { databaseName } from "../store/open-store.ts";
import { Store, type WithStore } from "./own-store.ts";

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

  it("has it open from start to stop, in a file of its own", async () => {
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

  it("publishes none of it", async () => {
    broker.createService({ name: "wards", mixins: [Store({ ...options, config: { dataDir: folder } })] });
    await broker.start();
    for (const action of ["find", "list", "create", "insert", "update", "remove", "get", "count"]) {
      await expect(broker.call(`wards.${action}`, {})).rejects.toMatchObject({ type: "SERVICE_NOT_FOUND" });
    }
  });

  it("does not start without it, and reports why", async () => {
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
