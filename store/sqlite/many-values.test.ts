import { join } from "node:path";
import fc from "fast-check";
import { matchesClauses } from "../../fhir/search/matches-clauses.ts";
import type { Clause, KeyMatch, RangeMatch, StoreQuery } from "../../fhir/search/query.ts";
import { create } from "../../test/kit/resources.ts";
import { sqliteKit, temporaryFolder } from "../../test/kit/stores.ts";
import { QUESTION_MS, QuestionTooCostly } from "../too-costly.ts";
import { Database } from "./database.ts";
import { keyTestOf } from "./many-values.ts";
import { openSqlite, type SqliteStore } from "./sqlite-store.ts";

const RESOURCES = 300;
const many = <Item>(length: number, make: (index: number) => Item): Item[] => Array.from({ length }, (_, index) => make(index));
const key = (any: KeyMatch[], more: object = {}): Clause => ({ kind: "key", slots: [101, 102], any, ...more });
const range = (any: RangeMatch[], more: object = {}): Clause => ({ kind: "range", slots: [111], any, ...more });

describe("a search for very many values", () => {
  let folder: string;
  let store: SqliteStore;
  const steps = many(RESOURCES, (i) => create(`p${i}`, { name: `n${i % 7}`, identifier: `${i}`, born: i }));
  beforeAll(async () => {
    folder = await temporaryFolder();
    const options = { name: "test", indexVersion: "1", reindex: () => ({ keys: [], ranges: [] }) };
    store = await openSqlite({ ...options, file: join(folder, "store.sqlite") });
    await store.write(steps);
  });
  afterAll(async () => {
    await store.close();
    await sqliteKit.clear(folder);
  });

  it.each<[what: string, clauses: Clause[]]>([
    ["beginnings", [key(many(9_000, (i) => ({ prefix: `=${i}` })))]],
    ["beginnings of beginnings", [key([...many(9_000, (i) => ({ prefix: `~n${i}` })), { prefix: "~n" }])]],
    ["beginnings, beside a common value", [key([{ prefix: "~n" }]), key(many(9_000, (i) => ({ prefix: `=${i + 50}` })))]],
    [
      "none of them",
      [
        key(
          many(900, (i) => ({ prefix: `=${i + 100}` })),
          { not: true },
        ),
      ],
    ],
    ["texts within texts", [key(many(900, (i) => ({ facet: "=", contains: `${i + 20}` })))]],
    ["texts within texts, in several parameters", many(10, (k) => key(many(900, (i) => ({ facet: "=", contains: `${i + k}` }))))],
    ["endings", [key(many(5_000, (i) => ({ facet: "=", ends: `${i + 30}` })))]],
    ["ranges", [range(many(1_000, (i) => ({ lowGe: i * 10, highLe: i * 10 + 1 })))]],
    ["ranges, in several parameters", many(50, (k) => range(many(150, (i) => ({ lowGt: i * 2 + k }))))],
    [
      "no range of them",
      [
        range(
          many(1_000, (i) => ({ lowGe: i * 10, highLt: i * 10 + 5 })),
          { not: true },
        ),
      ],
    ],
    ["times", [{ kind: "updated", any: many(1_000, (i) => ({ lowGe: i })) }]],
  ])("finds what one who looks at every row finds, by a short statement: %s", async (_, clauses) => {
    const wanted = steps.filter(
      (step) => step.op === "create" && matchesClauses(clauses, { id: step.id, updated: 1e12, index: step.index }),
    );
    const { rows } = await store.search({ type: "Patient", clauses, sort: [], limit: RESOURCES, want: "ids" });
    expect(rows.map(({ id }) => id)).toEqual(wanted.map((step) => (step as { id: string }).id));
    expect(await store.count("Patient", clauses)).toBe(wanted.length);
    const plan = store.explainSearch({ type: "Patient", clauses, sort: [], limit: 20, want: "ids" });
    expect(Math.max(...plan.map((line) => line.length))).toBeLessThan(20_000);
  });

  it("takes little longer for a thousand substrings than for ten, whatever their characters", () => {
    const values = many(5_000, (i) => `~fam${i}ily.given (${i % 1_000})`);
    const costOf = (any: KeyMatch[]): [number, number] => {
      const test = keyTestOf(any);
      const begun = process.threadCpuUsage();
      const found = values.filter(test).length;
      const { user, system } = process.threadCpuUsage(begun);
      return [found, (user + system) / 1_000];
    };
    const texts = (length: number) => many(length, (i): KeyMatch => ({ facet: "~", contains: `${i}ily.given (${i}` }));
    costOf(texts(10)); // compiled
    const [[few, ofFew], [all, ofMany]] = [costOf(texts(10)), costOf(texts(1_000))];
    expect([few, all]).toEqual(
      [10, 1_000].map((n) => values.filter((v) => texts(n).some((it) => v.includes((it as { contains: string }).contains))).length),
    );
    expect(ofMany).toBeLessThan(20 * ofFew + 20); // one by one it is a hundred times as long
  });

  const text = fc.string({ unit: fc.constantFrom(..."ab", ..."\\^$.*+?()[]{}|/-\n\r\u2028\ud83d\ude00~="), maxLength: 4 });
  const long = fc.tuple(fc.constantFrom(40, 51, 100, 40_000), text).map(([length, end]) => "a".repeat(length) + end);
  it("finds substrings as if each were searched alone, whatever their content and length", () => {
    const part = fc.record({
      facet: fc.constantFrom("~", "="),
      what: fc.constantFrom("contains", "ends"),
      wanted: fc.oneof(text, text, long),
    });
    const facts = fc.property(fc.array(part, { minLength: 1, maxLength: 30 }), fc.array(fc.oneof(text, long)), (parts, values) => {
      const test = keyTestOf(parts.map(({ facet, what, wanted }) => ({ facet, [what]: wanted }) as unknown as KeyMatch));
      const isFound = (value: string) =>
        parts.some(({ facet, what, wanted }) => {
          const rest = value.slice(facet.length);
          return value.startsWith(facet) && (what === "ends" ? rest.endsWith(wanted) : rest.includes(wanted));
        });
      const all = values.flatMap((value) => [`~${value}`, `=${value}`]);
      expect(all.map(test)).toEqual(all.map(isFound));
    });
    fc.assert(facts, { numRuns: 300 });
  });

  it("prepares texts of the size of a page in little time", () => {
    const texts = many(
      125,
      (i): KeyMatch => ({
        facet: "~",
        contains: many(1_000, (k) => ((i + 1) * (k + 7) * 48_271).toString(36))
          .join("")
          .slice(0, 8_000),
      }),
    );
    const begun = process.threadCpuUsage();
    expect([`~${"a".repeat(100)}`, `~x${(texts[3] as { contains: string }).contains}`].map(keyTestOf(texts))).toEqual([false, true]);
    const { user, system } = process.threadCpuUsage(begun);
    expect((user + system) / 1_000).toBeLessThan(100); // as one pattern 700
  });

  it("is ended after the time limit of one search", () => {
    const file = new Database(join(folder, "store.sqlite"));
    const statement = "SELECT count(*) AS n FROM resource r WHERE in_time(r.seq)";
    expect(file.within(() => file.one<{ n: number }>(statement), QUESTION_MS)).toEqual({ n: RESOURCES });
    expect(() => file.within(() => file.one(statement), -1)).toThrow(QuestionTooCostly);
    expect(() => file.within(() => file.within(() => file.one(statement), QUESTION_MS), -1)).toThrow(
      expect.objectContaining({ status: 400 }),
    );
    expect(file.one(statement)).toEqual({ n: RESOURCES }); // no question is bounded by the one before
    file.close();
  });

  it("is ended when earlier searches have used the time limit of the request", async () => {
    const query: StoreQuery = { type: "Patient", clauses: [], sort: [], limit: RESOURCES, want: "ids" };
    const budget = { leftMs: 100 };
    expect((await store.search(query, budget)).rows).toHaveLength(RESOURCES);
    while (budget.leftMs > 0) await store.search(query, budget).catch(() => {});
    const refused = { status: 400, issues: [{ code: "too-costly", diagnostics: expect.stringContaining("in parts") }] };
    await expect(store.search(query, budget)).rejects.toMatchObject(refused);
    expect((await store.search(query)).rows).toHaveLength(RESOURCES); // another's
  });
});
