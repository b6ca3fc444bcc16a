/** A power cut: what the disk has of SQLite's log ends anywhere after the last write that was confirmed. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { create, inBed, named, update } from "../../test/kit/resources.ts";
import { sqliteKit, temporaryFolder } from "../../test/kit/stores.ts";
import type { Write } from "../writes.ts";

/** SQLite's log begins with a header of so many bytes (file format, "WAL Header"). */
const WAL_HEADER = 32;
const WRITES = 40;

describe("a SQLite file whose log was truncated", () => {
  let folder: string;
  /** Bytes of the log when each write was confirmed. */
  const confirmed: number[] = [];
  let log: Buffer;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const store = await sqliteKit.open(folder);
    for (let n = 0; n < WRITES; n += 1) {
      await store.write(stepsOf(n));
      if (n === 20) {
        await store.prepare("kept", [create("prepared", { name: "Prepared" })]);
        await store.commit("kept", 1_000);
      }
      confirmed.push(statSync(join(folder, "store.sqlite-wal")).size);
    }
    // As a power cut leaves it: closing would move the log into the file.
    log = readFileSync(join(folder, "store.sqlite-wal"));
    copyFileSync(join(folder, "store.sqlite"), join(folder, "before"));
    await store.close();
  });
  afterAll(() => sqliteKit.clear(folder));

  /** Each write makes a patient with a bed, changes the one before, and counts. */
  const stepsOf = (n: number): Write[] => [
    create(`p${n}`, { name: `n${n}` }, inBed(`${n}`)),
    ...(n > 0 ? [update(`p${n - 1}`, { name: `changed${n - 1}` }, inBed(`${n - 1}`))] : []),
    { op: "add", counter: "admissions", by: 1 },
  ];

  async function afterCut(length: number, damage: (log: Buffer) => Buffer) {
    const place = join(folder, "copy");
    mkdirSync(place);
    copyFileSync(join(folder, "before"), join(place, "store.sqlite"));
    writeFileSync(join(place, "store.sqlite-wal"), damage(log.subarray(0, length)));
    const store = await sqliteKit.open(place);
    const count = await store.counter("admissions");
    const living = await store.count("Patient", []);
    const idsOf = async (name: string) =>
      (await store.search({ type: "Patient", clauses: [named(name)], sort: [], limit: 5, want: "ids" })).rows.map(({ id }) => id);
    const last = [await idsOf(`n${count - 1}`), await idsOf(`n${count}`), await idsOf(`n${count - 2}`), await idsOf(`changed${count - 2}`)];
    const taken = count > 0 ? await store.write([create("other", {}, inBed(`${count - 1}`))]).catch(({ type }) => type) : "BED_OCCUPIED";
    const next = await store.write([create("next")]);
    await store.close();
    rmSync(place, { recursive: true });
    return { count, living, last, taken, next: next[0]?.outcome };
  }

  const whole = (count: number) => ({
    count,
    living: count + (count > 21 ? 1 : 0),
    last: [[`p${count - 1}`], [], [], count > 1 ? [`p${count - 2}`] : []],
    taken: "BED_OCCUPIED",
    next: "created",
  });

  it("contains every write confirmed before that position, and each later one completely or not at all", async () => {
    const cut = fc.record({ length: fc.integer({ min: confirmed[0] as number, max: log.length }), rubbish: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(cut, async ({ length, rubbish }) => {
        // Blocks of a disk that were not written yet hold what was there before.
        const tail = (kept: Buffer) =>
          rubbish ? Buffer.concat([kept, Buffer.alloc(10_000, kept.subarray(WAL_HEADER, WAL_HEADER + 4_120))]) : kept;
        const found = await afterCut(length, tail);
        const least = confirmed.filter((size) => size <= length).length;
        expect(found.count).toBeGreaterThanOrEqual(least);
        // Number 20 is confirmed with the transaction that follows it: it may be there without it.
        if (found.count !== 21) expect(found).toEqual(whole(found.count));
        else expect(found).toEqual({ ...whole(21), living: expect.any(Number) });
      }),
      { numRuns: 200, seed: 20261128 },
    );
  });
});
