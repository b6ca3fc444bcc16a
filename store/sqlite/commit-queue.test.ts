import { join } from "node:path";
import { usedMs } from "../../mesh/processor-time.ts";
import { sqliteKit, temporaryFolder } from "../../test/kit/stores.ts";
import { WriteQueue } from "./commit-queue.ts";
import { COUNTER, LogFlush } from "./log-flush.ts";
import { openDatabase } from "./open.ts";

describe("a commit that fails", () => {
  it("keeps no reader of another thread waiting that has seen it begin", async () => {
    const folder = await temporaryFolder();
    const db = await openDatabase(join(folder, "store.sqlite"), false);
    const counters = new Int32Array(new SharedArrayBuffer(8));
    const told: number[] = [];
    const log = new LogFlush(db, { counters, flushed: (seen) => told.push(seen) });
    const queue = new WriteQueue(db, log, { begun() {}, finish() {}, rolledBack() {} });
    const write = () => queue.add(() => db.run("INSERT INTO map VALUES (hex(randomblob(8)), '', NULL)"), 1, 1_000);
    await write();
    expect([told.at(-1), counters[COUNTER.seen]]).toEqual([1, 1]);
    const run = db.run.bind(db);
    jest.spyOn(db, "run").mockImplementation((text, ...values) => {
      if (text === "COMMIT") throw new Error("the disk is full");
      run(text, ...values);
    });
    await expect(write()).rejects.toThrow("the disk is full");
    jest.restoreAllMocks();
    await queue.close();
    await log.close();
    expect([told.at(-1), counters[COUNTER.seen]]).toEqual([2, 2]);
    db.close();
    await sqliteKit.clear(folder);
  });
});

describe("writes that wait together", () => {
  it("share a transaction, which ends when they have taken long: others get their turn before the next", async () => {
    const folder = await temporaryFolder();
    const db = await openDatabase(join(folder, "store.sqlite"), false);
    const order: string[] = [];
    const log = new LogFlush(db);
    const queue = new WriteQueue(db, log, {
      begun: () => order.push("begun"),
      finish: () => order.push("finished"),
      rolledBack: () => order.push("rolled back"),
    });
    const write = (name: string, ms: number) =>
      queue.add(
        () => {
          for (const until = usedMs() + ms; usedMs() < until; );
          return order.push(name);
        },
        1,
        1_000,
      );
    await Promise.all([write("short", 0), write("short", 0), write("long", 70), write("after", 0), write("after", 0)]);
    expect(order).toEqual(["begun", "short", "short", "long", "finished", "begun", "after", "after", "finished"]);
    await queue.close();
    await log.close();
    db.close();
    await sqliteKit.clear(folder);
  });
});
