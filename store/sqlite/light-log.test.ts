/** What need not hold up the process waits for the disk all the same, in groups. */
import { EventEmitter, once } from "node:events";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { sqliteKit, temporaryFolder } from "../../test/kit/stores.ts";
import { LightLog } from "./light-log.ts";

describe("a light write", () => {
  let folder: string;
  /** Each `fdatasync` that waits for the disk. */
  const disk: { done(): void; fail(): void }[] = [];
  const asked = new EventEmitter();
  beforeAll(async () => {
    folder = await temporaryFolder();
    const handle = await open(join(folder, "any"), "w");
    jest.spyOn(Object.getPrototypeOf(handle) as typeof handle, "datasync").mockImplementation(
      () =>
        new Promise((resolve, reject) => {
          disk.push({ done: resolve, fail: () => reject(new Error("EIO")) });
          asked.emit("disk");
        }),
    );
    await handle.close();
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await sqliteKit.clear(folder);
  });
  /** Begins what asks the disk, and waits until it has. */
  async function begun<Of>(work: () => Of): Promise<Of> {
    const isAsked = once(asked, "disk");
    const result = work();
    await isAsked;
    return result;
  }

  const note = (id: string) =>
    ({ op: "emit", event: { id, subject: "audit.recorded", key: id, payload: "{}" }, queue: "audit", isLight: true }) as const;

  it("is confirmed when it is on the disk, and those that come meanwhile share the next", async () => {
    const store = await sqliteKit.open(folder);
    const confirmed: string[] = [];
    const write = (id: string) => store.write([note(id)]).then(() => confirmed.push(id));
    const [first] = await begun(() => [write("a")]);
    const others = [write("b"), write("c")];
    expect([confirmed, disk.length]).toEqual([[], 1]);
    await begun(() => disk[0]?.done());
    await first;
    expect([confirmed, disk.length]).toEqual([["a"], 2]);
    disk[1]?.done();
    await Promise.all(others);
    expect([confirmed.slice(1), disk.length]).toEqual([["b", "c"], 2]);
    await store.close();
  });

  it("is refused when the disk does not take it, and the next is tried anew", async () => {
    const log = new LightLog(join(folder, "any"));
    const [refused] = await begun(() => [expect(log.synced()).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" })]);
    disk.at(-1)?.fail();
    await refused;
    const [next] = await begun(() => [log.synced()]);
    disk.at(-1)?.done();
    await next;
    await log.close();
    await expect(new LightLog(join(folder, "none", "log")).synced()).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
  });
});
