/** What was committed is brought to the disk beside the work of the process, in groups; nobody is answered what is not there yet. */
import { EventEmitter, once } from "node:events";
import { open, stat, unlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "../../test/kit/events.ts";
import { sqliteKit, temporaryFolder } from "../../test/kit/stores.ts";
import type { Store } from "../store.ts";
import { StoreError } from "../store-error.ts";

describe("a store that waits for the disk", () => {
  let folder: string;
  let store: Store;
  /** Each `fdatasync` that waits for the disk. */
  let disk: { done(): void; fail(code?: string): void }[];
  const asked = new EventEmitter();
  beforeEach(async () => {
    folder = await temporaryFolder();
    store = await sqliteKit.open(folder);
    disk = [];
    const handle = await open(join(folder, "any"), "w");
    jest.spyOn(Object.getPrototypeOf(handle) as typeof handle, "datasync").mockImplementation(
      () =>
        new Promise((resolve, reject) => {
          disk.push({ done: resolve, fail: (code = "EIO") => reject(Object.assign(new Error(code), { code })) });
          asked.emit("disk");
        }),
    );
    await handle.close();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await store.close();
    await sqliteKit.clear(folder);
  });
  /** Begins what asks the disk, and waits until it has. */
  async function begun<Of>(work: () => Of): Promise<Of> {
    const isAsked = once(asked, "disk");
    const result = work();
    await isAsked;
    return result;
  }
  const create = (id: string) =>
    store.write([{ op: "create", type: "Patient", id, body: { meta: "", rest: "}" }, index: { keys: [], ranges: [] } }]);
  /** What was answered, in its order. */
  const noted = (answers: string[], name: string) => (): number => answers.push(name);

  it.each([
    ["all of its files", ["store.sqlite", "store.sqlite-wal", "store.sqlite-shm"]],
    ["its file", ["store.sqlite"]],
    ["its log", ["store.sqlite-wal"]],
  ])("refuses writes within about a second after %s were removed, as nobody would read them again; reads go on", async (_, names) => {
    jest.restoreAllMocks(); // the real disk
    await create("a");
    for (const name of names) await unlink(join(folder, name));
    let made = 0;
    const write = () => {
      made += 1;
      return create(`b${made}`).catch((error: unknown) => error);
    };
    const error = await eventually(write, (answer) => answer instanceof StoreError);
    for (const refused of [error, await write()]) {
      expect(refused).toMatchObject({
        type: "STORE_UNAVAILABLE",
        data: { reason: expect.stringMatching(/store\.sqlite was removed or replaced/) },
      });
    }
    expect(await store.read("Patient", "a")).toMatchObject({ version: 1 });
  });

  it("confirms a write once it is on the disk, and writes that arrive meanwhile share the next flush", async () => {
    const answers: string[] = [];
    const write = (id: string) => create(id).then(noted(answers, id));
    const [first] = await begun(() => [write("a")]);
    const others = [write("b"), write("c")];
    expect([answers, disk.length]).toEqual([[], 1]);
    await begun(() => disk[0]?.done());
    await first;
    expect([answers, disk.length]).toEqual([["a"], 2]);
    disk[1]?.done();
    await Promise.all(others);
    expect([answers, disk.length]).toEqual([["a", "b", "c"], 2]);
  });

  it("returns nothing that is not on the disk yet, whichever process wrote it", async () => {
    const answers: string[] = [];
    const replica = await sqliteKit.open(folder);
    const [written] = await begun(() => [create("a").then(noted(answers, "written"))]);
    const read = store.read("Patient", "a").then(noted(answers, "read"));
    const [elsewhere] = await begun(() => [replica.read("Patient", "a").then(noted(answers, "read by the replica"))]);
    expect([answers, disk.length]).toEqual([[], 2]);
    disk[1]?.done();
    await elsewhere;
    expect(answers).toEqual(["read by the replica"]);
    disk[0]?.done();
    await Promise.all([written, read]);
    expect(await replica.read("Patient", "a")).toMatchObject({ version: 1 }); // nothing is waited for where nothing has changed
    expect(disk).toHaveLength(2);
    await replica.close();
  });

  it("delays readers only for their own audit entry, not for writes that they do not see", async () => {
    const [made] = await begun(() => [create("a")]);
    disk[0]?.done();
    await made;
    const event = { id: "1", subject: "audit.recorded", key: "1", payload: "{}" };
    const [noted] = await begun(() => [store.write([{ op: "emit", event, queue: "audit" }])]);
    expect([await store.read("Patient", "a"), disk.length]).toMatchObject([{ version: 1 }, 2]);
    disk[1]?.done();
    await noted;
  });

  it.each([
    ["EIO", "STORE_UNAVAILABLE"],
    ["ENOSPC", "STORE_FULL"],
    ["EDQUOT", "STORE_FULL"],
  ])("that says %s refuses by %s, and nobody knows whether it is stored", async (code, type) => {
    const [refused] = await begun(() => [create("a").catch((error: unknown) => error)]);
    disk[0]?.fail(code);
    const error = await refused;
    expect(error).toMatchObject({ type });
    expect((error as { data: object }).data).not.toHaveProperty("nothingWritten");
  });

  it("refuses writes that the disk does not accept, can still be read, and writes them again before it trusts the disk", async () => {
    let now = performance.now();
    jest.spyOn(performance, "now").mockImplementation(() => now);
    const refusal = { type: "STORE_UNAVAILABLE" };
    for (const id of ["a", "b"]) {
      const [refused] = await begun(() => [expect(create(id)).rejects.toMatchObject(refusal)]);
      disk.at(-1)?.fail();
      await refused;
      now += 1_000;
    }
    const [read] = await begun(() => [store.read("Patient", "a")]);
    disk[2]?.fail();
    expect(await read).toMatchObject({ version: 1 });
    // Asked again and again, the disk would keep the process from everything else.
    expect([await store.read("Patient", "a"), disk.length]).toMatchObject([{ version: 1 }, 3]);
    await expect(create("c")).rejects.toMatchObject(refusal);
    now += 1_000;
    const log = join(folder, "store.sqlite-wal");
    await utimes(log, 0, 0);
    const [known] = await begun(() => [store.read("Patient", "a")]);
    disk[3]?.done();
    expect([await known, (await stat(log)).mtimeMs > 0]).toMatchObject([{ version: 1 }, true]);
    await utimes(log, 0, 0);
    expect([await store.read("Patient", "a"), (await stat(log)).mtimeMs]).toMatchObject([{ version: 1 }, 0]);
  });
});
