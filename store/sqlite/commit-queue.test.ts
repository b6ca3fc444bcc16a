import { join } from "node:path";
import { usedMs } from "../../mesh/processor-time.ts";
import { sqliteKit, temporaryFolder } from "../../test/kit/stores.ts";
import { WriteQueue } from "./commit-queue.ts";
import { LogFlush } from "./log-flush.ts";
import { openDatabase } from "./open.ts";

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
