import type { Context } from "moleculer";
import type { Page, StoreQuery } from "../../fhir/search/query.ts";
import { type Budget, WAIT_MS } from "../../store/too-costly.ts";
import { readingActions } from "./read-actions.ts";

/** An owner whose store answers each query in a later turn, and counts how many wait. */
function slowOwner() {
  const seen = { most: 0, now: 0 };
  const search = async ({ limit }: StoreQuery): Promise<Page> => {
    seen.now += 1;
    seen.most = Math.max(seen.most, seen.now);
    await new Promise((resolve) => setImmediate(resolve));
    seen.now -= 1;
    if (limit === 0) throw new Error("no such page");
    return { rows: [], more: limit % 2 === 0 };
  };
  return { seen, owner: { name: "lab", store: { search }, directory: { isShared: () => false } } };
}

const queryOf = (limit: number): StoreQuery => ({ type: "Observation", clauses: [], sort: [], limit, want: "ids" });

describe("a search", () => {
  it("is asked on behalf of its client, and waits no longer for its turn than the caller for the answer", async () => {
    const asked: Budget[] = [];
    const search = async (_: StoreQuery, budget: Budget): Promise<Page> => {
      asked.push(budget);
      return { rows: [], more: false };
    };
    const owner = { name: "lab", store: { search }, directory: { isShared: () => false } };
    const ask = (ctx: object) =>
      readingActions["fhir.search"].handler.call(owner as never, { params: { query: queryOf(1) }, options: {}, ...ctx } as never);
    await ask({ meta: { work: "sub nurse-1 request-1" }, options: { timeout: 3_000 }, startHrTime: process.hrtime() });
    await ask({ meta: {}, params: { query: queryOf(1), budgetMs: 700 } });
    expect(asked).toEqual([
      { client: "sub nurse-1", leftMs: Number.POSITIVE_INFINITY, waitMs: expect.any(Number) },
      { client: "", leftMs: 700, waitMs: WAIT_MS },
    ]);
    expect(asked[0]?.waitMs).toBeLessThanOrEqual(2_000);
  });
});

describe("a call with many queries", () => {
  const ask = (owner: unknown, queries: StoreQuery[]) =>
    readingActions["fhir.searchMany"].handler.call(
      owner as never,
      { params: { queries }, options: {}, meta: {} } as unknown as Context<{ queries: StoreQuery[] }>,
    );

  it("gets their pages in order, and has only a few of them wait for their turn before those of other calls", async () => {
    const { owner, seen } = slowOwner();
    const pages = await ask(
      owner,
      Array.from({ length: 1_000 }, (_, index) => queryOf(index + 1)),
    );
    expect(pages.map(({ more }) => more)).toEqual(Array.from({ length: 1_000 }, (_, index) => index % 2 === 1));
    expect(seen.most).toBeLessThanOrEqual(4);
  });

  it("ends with the first that fails", async () => {
    const { owner } = slowOwner();
    await expect(ask(owner, [queryOf(1), queryOf(0), queryOf(2)])).rejects.toThrow("no such page");
  });
});
