import { OwnerSearches, SEARCHES_AT_ONCE } from "./owner-searches.ts";

describe("searches for what subscriptions match", () => {
  it("are few at a time, however many versions are compared, and each gives its own result or error", async () => {
    const searches = new OwnerSearches();
    let running = 0;
    let most = 0;
    const search = async (n: number) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
      if (n % 10 === 0) throw new Error(`${n}`);
      return n;
    };
    const results = await Promise.allSettled(Array.from({ length: 200 }, (_, n) => searches.run(() => search(n))));
    expect(results).toEqual(
      results.map((_, n) => (n % 10 === 0 ? { status: "rejected", reason: new Error(`${n}`) } : { status: "fulfilled", value: n })),
    );
    expect(most).toBe(SEARCHES_AT_ONCE);
  });
});
