import { fairTurn } from "./turns.ts";

/** Keeps the process busy for so long, milliseconds. */
function work(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

describe("steps that take long", () => {
  it("of one request let those of others, and what comes in from outside, in between", async () => {
    const order: string[] = [];
    const request = async (name: string, steps: number) => {
      for (let step = 0; step < steps; step++) {
        await fairTurn();
        order.push(name);
        work(30);
      }
    };
    const long = request("long", 8);
    setImmediate(() => order.push("outside"));
    const other = new Promise<void>((resolve) => setImmediate(() => void request("other", 2).then(resolve)));
    await Promise.all([long, other]);
    expect(order).toHaveLength(11);
    expect(order.indexOf("outside")).toBeLessThan(3);
    expect(order.lastIndexOf("other")).toBeLessThan(8);
  });

  it("begin at once while there is time, and all in the end, the first first", async () => {
    const order: number[] = [];
    await fairTurn();
    work(30);
    await Promise.all(Array.from({ length: 200 }, (_, n) => fairTurn().then(() => order.push(n))));
    expect(order).toEqual(Array.from({ length: 200 }, (_, n) => n));
  });
});
