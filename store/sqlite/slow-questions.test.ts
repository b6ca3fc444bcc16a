import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { jest } from "@jest/globals";
import type { Clause } from "../../fhir/search/query.ts";
import { create } from "../../test/kit/resources.ts";
import { sqliteKit, temporaryFolder } from "../../test/kit/stores.ts";
import type { Budget } from "../too-costly.ts";
import { openSqlite, type SqliteStore } from "./sqlite-store.ts";
import { askSlowly, releaseFile } from "./slow-questions.ts";

const RESOURCES = 20_000;
const many = <Item>(length: number, make: (index: number) => Item): Item[] => Array.from({ length }, (_, index) => make(index));
/** No resource matches, which only a look at each of them shows: tens of milliseconds for some hundred values. */
const slow = (values = 300): Clause[] => [{ kind: "range", slots: [111], any: many(values, (i) => ({ lowGt: 1e12 + i })) }];

describe("a search that takes long", () => {
  let folder: string;
  let file: string;
  let store: SqliteStore;
  const open = () => openSqlite({ name: "test", indexVersion: "1", reindex: () => ({ keys: [], ranges: [] }), file });
  beforeAll(async () => {
    folder = await temporaryFolder();
    file = join(folder, "store.sqlite");
    store = await open();
    for (let from = 0; from < RESOURCES; from += 1_000) {
      await store.write(many(1_000, (i) => create(`p${from + i}`, { name: `n${i % 7}`, born: from + i })));
    }
  });
  afterAll(async () => {
    await store.close();
    await sqliteKit.clear(folder);
  });

  const ask = (budget?: Budget) => store.count("Patient", slow(), budget);

  it("lets reads of others be answered meanwhile", async () => {
    const answered: string[] = [];
    const long = ask().then((count) => answered.push(`long ${count}`));
    for (let n = 0; n < 5; n++) answered.push(`read ${(await store.read("Patient", "p1"))?.version}`);
    await long;
    expect(answered).toEqual([...many(5, () => "read 1"), "long 0"]);
  });

  it("finds what one in the main thread finds, of each kind", async () => {
    const some: Clause[] = [{ kind: "range", slots: [111], any: [{ lowGe: 19_990 }] }];
    const query = {
      type: "Patient",
      clauses: some,
      sort: [{ by: "range" as const, slots: [111], edge: "low" as const, desc: true }],
      limit: 3,
    };
    const asked = { file, ms: 700, limits: undefined };
    const from = { client: "", waitMs: 4_000 };
    const page = await store.search({ ...query, want: "rows" }, undefined, ["one", "other"]);
    expect(page.rows.map(({ id }) => id)).toEqual(["p19999", "p19998", "p19997"]);
    const searched = await askSlowly(
      { ...asked, question: { ask: "search", query: { ...query, want: "rows" }, counters: ["one", "other"] } },
      from,
    );
    expect(searched.answer).toEqual(page);
    const counted = await askSlowly({ ...asked, question: { ask: "count", type: "Patient", clauses: some } }, from);
    expect(counted.answer).toBe(10);
    const keys = { type: "Patient", clauses: some, limit: 100 };
    const joined = await askSlowly({ ...asked, question: { ask: "joinKeys", query: keys } }, from);
    expect(joined.answer).toEqual(await store.joinKeys(keys));
    const among = { type: "Patient", clauses: some, among: ["p19995", "p5"] };
    const found = await askSlowly({ ...asked, question: { ask: "joinKeysAmong", query: among } }, from);
    expect(found.answer).toEqual(["p19995"]);
  });

  it("sees what was written before it", async () => {
    await store.write([create("late", { born: 5e11 })]);
    const clauses: Clause[] = [{ kind: "range", slots: [111], any: many(300, (i) => ({ lowGt: 4e11 + i })) }];
    expect(await store.count("Patient", clauses)).toBe(1);
  });

  it("waits for one search of another client at most, however many that one asks", async () => {
    const order: string[] = [];
    const busy = many(8, () => ask({ leftMs: 5_000, client: "busy" }).then(() => order.push("busy")));
    await busy[0];
    const other = ask({ leftMs: 5_000, client: "other" }).then(() => order.push("other"));
    await Promise.all([...busy, other]);
    expect(order.indexOf("other")).toBeLessThanOrEqual(3);
  });

  it("is refused with 429 when its turn does not come, or when too many wait: then one of the client with the most", async () => {
    const throttled = { status: 429, issues: [{ code: "throttled", diagnostics: expect.stringContaining("try again") }] };
    const running = store.count("Patient", slow(5_000), { leftMs: 5_000, client: "one" });
    const impatient = ask({ leftMs: 5_000, client: "two", waitMs: 0 });
    await expect(impatient).rejects.toMatchObject(throttled);
    expect(await running).toBe(0);
    const question = { ask: "count" as const, type: "Patient", clauses: slow(1) };
    const askedBy = (client: string) => askSlowly({ file, question, ms: 700, limits: undefined }, { client, waitMs: 30_000 });
    const all = many(280, () => askedBy("many"));
    expect((await askedBy("few")).answer).toBe(0);
    const refused = (await Promise.allSettled(all)).filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(24); // one runs, and 256 wait, with that of the other client
    expect(refused[0]).toMatchObject({ reason: throttled });
  });

  it("is too costly when its turn does not come for others of its own request: to try again would not help", async () => {
    const budget: Budget = { leftMs: 5_000, client: "one", waitMs: 0 };
    const first = store.count("Patient", slow(5_000), budget);
    const costly = { status: 400, issues: [{ code: "too-costly", diagnostics: expect.stringContaining("send it in parts") }] };
    await expect(ask(budget)).rejects.toMatchObject(costly);
    expect(await first).toBe(0);
    const other = store.count("Patient", slow(5_000), { leftMs: 5_000, client: "one" });
    await expect(ask(budget)).rejects.toMatchObject({ status: 429, issues: [{ code: "throttled" }] });
    expect(await other).toBe(0);
  });

  it("is refused as too costly after its time, and the next one is answered", async () => {
    const costly = { status: 400, issues: [{ code: "too-costly" }] };
    await expect(store.count("Patient", slow(60_000))).rejects.toMatchObject(costly);
    const budget = { leftMs: 30 };
    await expect(store.count("Patient", slow(60_000), budget)).rejects.toMatchObject(costly);
    expect(budget.leftMs).toBeLessThan(20);
    expect(await ask()).toBe(0);
  });

  it("is no condition of a write: other writes would wait for it", async () => {
    const write = store.write([{ ...create("conditional"), ifNoneExist: { clauses: slow(60_000) } } as never]);
    await expect(write).rejects.toMatchObject({ status: 400, issues: [{ code: "too-costly" }] });
    expect(await store.read("Patient", "conditional")).toBeUndefined();
  });

  it("keeps a program alive that waits for it, and no longer", async () => {
    const [module, options] = [join(import.meta.dirname, "sqlite-store.ts"), { name: "test", indexVersion: "1", file }];
    const code = `const { openSqlite } = await import(${JSON.stringify(module)});
      const store = await openSqlite({ ...${JSON.stringify(options)}, reindex: () => ({ keys: [], ranges: [] }) });
      console.log(await store.count("Patient", ${JSON.stringify(slow())}), "matches");`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", code]);
    expect(stdout).toBe("0 matches\n");
  });

  it("leaves nothing open when the store is closed, which empties its log, and is answered after it is opened again", async () => {
    await ask();
    await store.close();
    expect(existsSync(`${file}-wal`)).toBe(false);
    store = await open();
    expect(await ask()).toBe(0);
  });

  it("does not hold up the end of a store if the thread, which was idle, ends at the same moment", async () => {
    jest.useFakeTimers({ doNotFake: ["nextTick", "setImmediate", "performance", "queueMicrotask"] });
    try {
      await ask();
      const released = releaseFile(file);
      for (let turn = 0; turn < 20; turn++) await Promise.resolve(); // until the thread is told to close the file
      jest.advanceTimersByTime(60_000);
      await released;
    } finally {
      jest.useRealTimers();
    }
    expect(await ask()).toBe(0);
  });
});
