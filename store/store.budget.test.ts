/** All questions of one request have one time, whatever they ask, and whichever store answers. */
import { create } from "../test/kit/resources.ts";
import { freshStore, stores } from "../test/kit/stores.ts";
import type { Store } from "./store.ts";
import type { Budget } from "./too-costly.ts";

/** Processor time and the time that passes are of two clocks; a hundred at once would be a hundred times as much. Milliseconds. */
const CLOCKS_MS = 20;
const named = { type: "Patient", clauses: [] };
const QUESTIONS: [what: string, ask: (store: Store, budget: Budget) => Promise<unknown>][] = [
  ["a search", (store, budget) => store.search({ ...named, sort: [], limit: 10, want: "ids" }, budget)],
  ["a count", (store, budget) => store.count("Patient", [], budget)],
  ["one end of a chain", (store, budget) => store.joinKeys({ ...named, limit: 10 }, budget)],
  ["which of some are an end", (store, budget) => store.joinKeysAmong({ ...named, among: ["ann", "bob"] }, budget)],
];

describe.each(stores)("the time of a request, in $name", (kit) => {
  const opened = freshStore(kit);
  beforeEach(() => opened.store.write([create("ann"), create("bob")]));

  it.each(QUESTIONS)("is taken by %s, and when it is over nothing is asked", async (_, ask) => {
    const budget = { leftMs: 5_000 };
    for (let asked = 0; budget.leftMs === 5_000 && asked < 1_000; asked += 1) await ask(opened.store, budget);
    expect(budget.leftMs).toBeLessThan(5_000);
    expect(budget.leftMs).toBeGreaterThan(3_000);
    const refused = { status: 400, issues: [{ code: "too-costly", diagnostics: expect.stringContaining("in parts") }] };
    await expect(ask(opened.store, { leftMs: 0 })).rejects.toMatchObject(refused);
  });

  it("is charged once for concurrent searches", async () => {
    const budget = { leftMs: 5_000 };
    const begun = performance.now();
    await Promise.all(Array.from({ length: 100 }, () => opened.store.count("Patient", [], budget)));
    expect(5_000 - budget.leftMs).toBeLessThanOrEqual(performance.now() - begun + CLOCKS_MS);
  });
});
