/** What a store promises when many write at once, in one process and in several, and when a process is killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { StoreQuery } from "../fhir/search/query.ts";
import { create, inBed, named, remove, unlessIdentified, update } from "../test/kit/resources.ts";
import { stores, temporaryFolder } from "../test/kit/stores.ts";
import type { Store } from "./store.ts";
import type { WriteResult } from "./writes.ts";

const times = <T>(count: number, work: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => work(i));

/** Results of those that went through, and the error types of those that were refused. */
async function outcomes(writes: Promise<WriteResult[]>[]): Promise<{ done: WriteResult[]; refused: string[] }> {
  const settled = await Promise.allSettled(writes);
  const done = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value[0] as WriteResult] : []));
  const refused = settled.flatMap((one) => (one.status === "rejected" ? [String(one.reason.type ?? one.reason)] : []));
  return { done, refused };
}

describe.each(stores)("many writers on the store in $name", (kit) => {
  let folder: string;
  let store: Store;
  const children: ChildProcess[] = [];

  beforeAll(() => kit.start());
  afterAll(() => kit.stop());
  beforeEach(async () => {
    folder = await temporaryFolder();
    store = await kit.open(folder);
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
    }
    await store.close();
    await kit.clear(folder);
  });

  /**
   * Another process with the same data open as `store`; resolves with what it prints first.
   * @param onLine hears each line, the first too
   */
  async function elsewhere(
    code: string,
    onLine = (_line: string, _child: ChildProcess) => {},
  ): Promise<{ child: ChildProcess; line: string }> {
    const child = spawn(process.execPath, ["--input-type=module", "-e", kit.opener(folder) + code], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    lines.on("line", (line) => onLine(line, child));
    const [line] = await once(lines, "line");
    return { child, line };
  }

  it("64 conditional creates create one patient", async () => {
    const { done, refused } = await outcomes(times(64, (i) => store.write([create(`p${i}`, { identifier: "1" }, unlessIdentified("1"))])));
    expect(refused).toEqual([]);
    expect(done.filter(({ outcome }) => outcome === "created")).toHaveLength(1);
    expect(new Set(done.map(({ id }) => id)).size).toBe(1);
    expect(await store.count("Patient", [])).toBe(1);
  });

  it("of 64 updates of one version one succeeds", async () => {
    await store.write([create("ann")]);
    const { done, refused } = await outcomes(times(64, () => store.write([update("ann", {}, { ifVersion: [1] })])));
    expect(done).toHaveLength(1);
    expect(refused).toEqual(times(63, () => "STALE_VERSION"));
    expect(await store.read("Patient", "ann")).toMatchObject({ version: 2 });
  });

  it("of 32 patients one gets the bed", async () => {
    const { done, refused } = await outcomes(times(32, (i) => store.write([create(`p${i}`, {}, inBed("7"))])));
    expect(done).toHaveLength(1);
    expect(refused).toEqual(times(31, () => "BED_OCCUPIED"));
  });

  it("of 32 dispenses of the last 10 units ten succeed", async () => {
    await store.write([{ op: "add", counter: "stock", by: 10 }]);
    const { done, refused } = await outcomes(times(32, () => store.write([{ op: "add", counter: "stock", by: -1, min: 0 }])));
    expect(done.map(({ value }) => value).sort()).toEqual(times(10, (i) => i));
    expect(refused).toEqual(times(22, () => "COUNTER_BELOW"));
    expect(await store.counter("stock")).toBe(0);
  });

  it("16 concurrent puts of one key agree on what is stored", async () => {
    const stored = await Promise.all(times(16, (i) => store.put("tx", `decision ${i}`)));
    expect(new Set(stored).size).toBe(1);
  });

  it("a refused write does not disturb the others", async () => {
    await store.write([create("ann")]);
    const { done, refused } = await outcomes(
      times(30, (i) => store.write(i % 3 ? [create(`p${i}`, { name: "X" })] : [create(`p${i}`), create("ann")])),
    );
    expect([done.length, refused.length]).toEqual([20, 10]);
    expect(await store.count("Patient", [named("X")])).toBe(20);
    expect(await store.count("Patient", [])).toBe(21);
  });

  describe("while a transaction is prepared", () => {
    it("writers of the same resources wait for it, and others do not", async () => {
      await store.write([create("ann"), create("bob", {}, inBed("7"))]);
      await store.prepare("t1", [
        update("ann", { name: "Anna" }),
        update("bob"),
        { op: "add", counter: "stock", by: 1 },
        create("cid", { identifier: "1" }, unlessIdentified("1")),
      ]);
      const waiting = Promise.all([
        store.write([update("ann", { name: "Hanna" })]),
        store.write([create("dan", {}, inBed("7"))]),
        store.write([{ op: "add", counter: "stock", by: -1, min: 0 }]),
        store.write([create("eve", { identifier: "1" }, unlessIdentified("1"))]),
        store.prepare("t2", [remove("cid")]),
      ]);
      await store.write([create("zoe")]);
      expect(await store.read("Patient", "ann")).toMatchObject({ version: 1 });
      await store.commit("t1", Date.now());
      expect((await waiting).map(([result]) => [result?.id, result?.outcome, result?.version])).toEqual([
        ["ann", "updated", 3],
        ["dan", "created", 1],
        [undefined, "added", 0],
        ["cid", "existed", 1],
        ["cid", "deleted", 2],
      ]);
    });

    it("a writer gives up after its time limit", async () => {
      await store.close();
      store = await kit.open(folder, { waitMs: 60 });
      await store.prepare("t1", [create("ann", {}, inBed("7"))]);
      const { refused } = await outcomes([
        store.write([create("ann")]),
        store.write([update("ann")]),
        store.write([remove("ann")]),
        store.write([create("bob", {}, inBed("7"))]),
        store.prepare("t2", [create("ann")]),
      ]);
      expect(refused).toEqual(times(5, () => "LOCKED"));
      await store.abort("t1");
      expect(await store.write([create("ann", {}, inBed("7"))])).toMatchObject([{ outcome: "created" }]);
    });
  });

  it("paging misses and repeats no unchanged resource while others are created and deleted", async () => {
    await store.write(times(60, (i) => create(`still${i}`, { name: "X", born: (i * 7) % 60 })));
    await store.write(times(30, (i) => create(`gone${i}`, { name: "X", born: i })));
    for (const sort of [[], [{ by: "range" as const, slots: [111], edge: "low" as const, desc: true }]] satisfies StoreQuery["sort"][]) {
      const seen: string[] = [];
      let after: StoreQuery["after"];
      for (let more = true, turn = 0; more; turn++) {
        const page = await store.search({ type: "Patient", clauses: [named("X")], sort, limit: 7, want: "ids", ...(after && { after }) });
        for (const row of page.rows) {
          seen.push(row.id);
          after = { values: row.values, seq: row.seq, id: row.id };
        }
        more = page.more;
        await store.write([remove(`gone${turn}`), create(`new${sort.length}-${turn}`, { name: "X", born: turn * 3 })]);
      }
      const still = seen.filter((id) => id.startsWith("still"));
      expect(still).toHaveLength(60);
      expect(new Set(seen).size).toBe(seen.length);
    }
  });

  it("two processes on the same data create one patient, and lose no unit of the stock", async () => {
    const code = `
      const none = { keys: [], ranges: [] }, body = { meta: "", rest: "}" };
      const clauses = [{ kind: "key", slots: [102], any: [{ eq: "=1" }] }];
      const results = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
        await store.write([{ op: "add", counter: "stock", by: 1 }]);
        const step = { op: "create", type: "Patient", id: process.pid + "-" + i, body, index: { keys: [[102, "=1"]], ranges: [] } };
        return (await store.write([{ ...step, ifNoneExist: { lock: "one", clauses } }]))[0].outcome;
      }));
      console.log(results.filter((outcome) => outcome === "created").length);
      await store.close();`;
    const lines = await Promise.all([elsewhere(code), elsewhere(code)]);
    expect(lines.map(({ line }) => Number(line)).reduce((sum, created) => sum + created)).toBe(1);
    expect([await store.count("Patient", []), await store.counter("stock")]).toEqual([1, 40]);
  });

  it("what a process has prepared is kept after kill -9 with its locks, and can be committed by another", async () => {
    const steps = JSON.stringify([create("ann", { name: "Ann" }, inBed("7"))]);
    const { child } = await elsewhere(`await store.prepare("t1", ${steps}); console.log("prepared"); setInterval(() => {}, 1000);`);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await store.prepared()).toMatchObject([{ tx: "t1" }]);
    const waiting = store.write([create("bob", {}, inBed("7"))]);
    await store.commit("t1", 1_000);
    await expect(waiting).rejects.toMatchObject({ type: "BED_OCCUPIED" });
    expect(await store.read("Patient", "ann")).toMatchObject({ version: 1, updated: 1_000 });
    expect(await store.count("Patient", [named("Ann")])).toBe(1);
  });

  it("a writer learns of the end of a transaction that another process commits", async () => {
    await store.close();
    store = await kit.open(folder, { waitMs: 120_000 }); // longer than another process takes to start
    await store.prepare("t1", [create("ann")]);
    const waiting = store.write([update("ann")]);
    await elsewhere(`await store.commit("t1", 1000); console.log("committed"); await store.close();`);
    expect(await waiting).toMatchObject([{ version: 2, outcome: "updated" }]);
  });

  it("what was confirmed is kept after kill -9, and nothing is partly written", async () => {
    const code = `
      const step = (id) => ({ op: "create", type: "Patient", id, body: { meta: "", rest: "}" }, index: { keys: [], ranges: [] } });
      for (let i = 0; ; i++) { await store.write([step("a" + i), step("b" + i)]); console.log(i); }`;
    let last = 0;
    const { child } = await elsewhere(code, (line, it) => {
      last = Number(line);
      if (last >= 30) it.kill("SIGKILL");
    });
    await once(child, "close");
    const any = times(last + 3, (i) => [`a${i}`, `b${i}`]).flat();
    const { rows } = await store.search({ type: "Patient", clauses: [{ kind: "id", any }], sort: [], limit: any.length, want: "rows" });
    expect(rows.length).toBeGreaterThanOrEqual((last + 1) * 2);
    expect(rows.length % 2).toBe(0);
  });
});
