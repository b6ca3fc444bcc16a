/** Reads beside a thread that writes are answered when it has brought to the disk what they have seen. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Database } from "../database.ts";
import { COUNTER } from "../log-flush.ts";
import { ReadsBesideThread } from "./reads-beside-thread.ts";

describe("a read beside a thread that writes", () => {
  let folder: string;
  let db: Database;
  /** The thread's connection. */
  let thread: Database;
  let counters: Int32Array;
  let reads: ReadsBesideThread;
  let flushes: jest.SpyInstance;

  function begin(first: number): void {
    counters = new Int32Array(new SharedArrayBuffer(8)).fill(first);
    reads = new ReadsBesideThread(db, counters);
    if (first !== 0) reads.flushed(first);
  }
  /** A commit of the thread, which is not on the disk yet. */
  function commit(byThread = true, isSeen = true): number {
    if (byThread) Atomics.add(counters, COUNTER.commits, 1);
    if (byThread && isSeen) Atomics.add(counters, COUNTER.seen, 1);
    thread.run("INSERT INTO t VALUES (1)");
    return Atomics.load(counters, COUNTER.seen);
  }
  const count = () => reads.reading(() => db.one<{ n: number }>("SELECT count(*) AS n FROM t").n);
  /** What has been answered once everything that can be answered is. */
  async function answered(asked: Promise<number>): Promise<number | "nothing"> {
    const nothing = new Promise<"nothing">((resolve) => setImmediate(() => setImmediate(() => resolve("nothing"))));
    return Promise.race([asked, nothing]);
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "openward-thread-"));
    const file = join(folder, "any.sqlite");
    [db, thread] = [new Database(file), new Database(file)];
    db.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (n)");
    begin(0);
    await count(); // what was there before is flushed here
    const { LogFlush } = await import("../log-flush.ts");
    flushes = jest.spyOn(LogFlush.prototype, "flushed");
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await reads.close();
    for (const each of [db, thread]) each.close();
    rmSync(folder, { recursive: true });
  });

  it.each([0, 2 ** 31 - 1, -1])("waits for the flush of what it has seen, no longer, when the counter stands at %d", async (first) => {
    begin(first);
    await count();
    const [one, two] = [commit(), commit()];
    const asked = count();
    expect(await answered(asked)).toBe("nothing");
    reads.flushed(one);
    expect(await answered(asked)).toBe("nothing");
    const three = commit();
    reads.flushed(two);
    expect(await answered(asked)).toBe(2);
    const later = count();
    expect(await answered(later)).toBe("nothing");
    reads.flushed(three);
    expect(await later).toBe(3);
    expect(await answered(count())).toBe(3);
  });

  it("waits for nothing that no reader sees", async () => {
    commit(true, false);
    expect(await answered(count())).toBe(1);
    expect(flushes).not.toHaveBeenCalled();
  });

  it("flushes what another process has committed", async () => {
    commit(false);
    expect(await count()).toBe(1);
    expect(flushes).toHaveBeenCalledTimes(1);
  });

  it("is answered when the thread has closed the file", async () => {
    commit();
    const asked = count();
    expect(await answered(asked)).toBe("nothing");
    await reads.close();
    expect(await asked).toBe(1);
  });
});
