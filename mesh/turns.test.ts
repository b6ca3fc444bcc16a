import { fairTurn, whileBusy } from "./turns.ts";

/** Takes so much processor time, milliseconds. */
function work(ms: number): void {
  const used = () => process.threadCpuUsage().user / 1_000;
  for (const until = used() + ms; used() < until; );
}

describe("long steps", () => {
  it("of one request let other requests and incoming data proceed in between", async () => {
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

  it("are not counted for another turn, whatever has ended meanwhile", async () => {
    const order: string[] = [];
    const step = async (name: string) => {
      await fairTurn();
      order.push(name);
      work(40);
    };
    // As when the stores of a process have one bundle to write: their steps stand one behind the other in one turn.
    const inThisTurn = (name: string) => new Promise((resolve) => setImmediate(() => resolve(step(name))));
    await new Promise((resolve) => setImmediate(resolve));
    const one = inThisTurn("one");
    await fairTurn(); // somebody else's, whose end stands between those two
    const two = inThisTurn("two");
    setImmediate(() => setImmediate(() => order.push("outside")));
    await Promise.all([one, two]);
    expect(order.slice(0, 2)).toEqual(["one", "outside"]);
  });

  it("are shared client by client: who has used less is next, and steps of unknown clients alternate with those of known ones", async () => {
    const order: string[] = [];
    const step = async (client: string, ms: number) => {
      await fairTurn(client);
      order.push(client || "read");
      work(ms);
    };
    await fairTurn();
    work(30);
    const heavy = Array.from({ length: 12 }, () => step("heavy", 20));
    const light = Array.from({ length: 3 }, () => step("light", 2));
    const reads = Array.from({ length: 3 }, () => step("", 2));
    await Promise.all([...heavy, ...light, ...reads]);
    expect(
      order
        .slice(0, 9)
        .filter((client) => client !== "heavy")
        .sort(),
    ).toEqual(["light", "light", "light", "read", "read", "read"]);
    expect(order.filter((client) => client === "heavy")).toHaveLength(12);
  });

  it("are batched while the process is busy, and not when it is idle", async () => {
    let isGathered = false;
    const gathered = whileBusy(60_000).then(() => {
      isGathered = true;
    });
    for (let n = 0; n < 20; n++) {
      work(5);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(isGathered).toBe(false);
    await gathered; // nothing is done now
    const begun = performance.now();
    const bounded = whileBusy(10);
    for (let isBusy = true; isBusy; ) {
      work(2);
      isBusy = await Promise.race([bounded.then(() => false), new Promise<true>((resolve) => setImmediate(() => resolve(true)))]);
    }
    expect(performance.now() - begun).toBeGreaterThanOrEqual(10);
  });

  it("begin at once while there is time, and all of them eventually, in their order", async () => {
    const order: number[] = [];
    await fairTurn();
    work(30);
    await Promise.all(Array.from({ length: 200 }, (_, n) => fairTurn().then(() => order.push(n))));
    expect(order).toEqual(Array.from({ length: 200 }, (_, n) => n));
  });
});
