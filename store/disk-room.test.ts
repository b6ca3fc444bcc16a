/** A disk that becomes full while transactions are under way. */
import { mkdir, rm } from "node:fs/promises";
import { type DiskSpace, keepingRoom } from "./disk-room.ts";
import type { Store } from "./store.ts";
import type { Write } from "./writes.ts";
import { sqliteKit, temporaryFolder } from "../test/kit/stores.ts";

const GB = 1_000_000_000;
const patient = (id: string): Write => ({
  op: "create",
  type: "Patient",
  id,
  body: { meta: "", rest: ',"active":true}' },
  index: { keys: [], ranges: [] },
});
const note: Write = { op: "emit", event: { id: "1", subject: "audit", key: "1", payload: "{}" }, queue: "audit" };
const full = { type: "STORE_FULL", message: expect.stringContaining("nearly full") };

describe("a store whose disk is nearly full", () => {
  let folder: string;
  let store: Store;
  let space: DiskSpace;
  let now: number;
  beforeEach(async () => {
    now = performance.now();
    jest.spyOn(performance, "now").mockImplementation(() => now);
    folder = await temporaryFolder();
    await mkdir(folder, { recursive: true });
    space = { size: 100 * GB, free: 50 * GB };
    store = keepingRoom(await sqliteKit.open(folder), folder, () => ({ ...space }));
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await store.close();
    await rm(folder, { recursive: true });
  });

  it("begins nothing new, and says so", async () => {
    await store.write([patient("1")]);
    space.free = 10_000_000;
    now += 1_000;
    await expect(store.write([patient("2")])).rejects.toMatchObject(full);
    await expect(store.prepare("tx", [patient("3")])).rejects.toMatchObject(full);
    expect(await store.read("Patient", "1")).toMatchObject({ version: 1 });
  });

  it("completes what was begun, records who reads, and decides transactions in doubt", async () => {
    await store.prepare("tx", [patient("1")]);
    [space.free, now] = [0, now + 1_000];
    await store.commit("tx", 1_000);
    await store.write([note]);
    expect([await store.read("Patient", "1"), await store.put("tx/1", "aborted")]).toEqual([
      expect.objectContaining({ version: 1 }),
      "aborted",
    ]);
  });

  it("accepts the first write after there is room", async () => {
    space.free = 0;
    await expect(store.write([patient("1")])).rejects.toMatchObject(full);
    space.free = 50 * GB;
    expect(await store.write([patient("1")])).toMatchObject([{ version: 1 }]);
  });

  it("reserves a share of a small disk", async () => {
    space = { size: 40_000_000, free: 2_100_000 };
    await store.write([patient("1")]);
    space.free = 1_900_000;
    await expect(store.prepare("tx", [patient("2")])).resolves.toBeDefined(); // looked at a moment ago
    now += 1_000;
    await expect(store.prepare("tx2", [patient("2")])).rejects.toMatchObject(full);
  });
});
