import { EVERYBODY } from "./client-address.ts";
import { LargeReads } from "./large-reads.ts";

describe("large answers", () => {
  /** Asks, and notes in `begun` when the turn comes. */
  const asking = (reads: LargeReads) => {
    const begun: string[] = [];
    const leaves = new Map<string, () => void>();
    const gone = new Set<string>();
    const ask = (name: string, client = name.charAt(0), address = client) => {
      const turn = reads
        .enter({ name: client, address }, () => gone.has(name))
        .then((leave) => {
          begun.push(name);
          leaves.set(name, leave);
        });
      turn.catch(() => {}); // who still waits when a test ends is refused later
      return turn;
    };
    const settled = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return begun.splice(0);
    };
    return { ask, settled, end: (name: string) => leaves.get(name)?.(), leave: (name: string) => gone.add(name) };
  };

  it("are prepared two at once per client, and another client's begin at once", async () => {
    const { ask, settled, end } = asking(new LargeReads());
    for (let n = 1; n <= 40; n++) void ask(`a${n}`);
    expect(await settled()).toEqual(["a1", "a2"]);
    void ask("b1");
    expect(await settled()).toEqual(["b1"]);
    end("a2");
    expect(await settled()).toEqual(["a3"]);
  });

  it("are prepared two at once per signed-in person, four for all behind one address, and another address's begin at once", async () => {
    const { ask, settled, end } = asking(new LargeReads());
    for (const name of ["a1", "a2", "a3", "b1", "b2", "c1", "d1"]) void ask(name, name.charAt(0), "house");
    expect(await settled()).toEqual(["a1", "a2", "b1", "b2"]);
    void ask("elsewhere", "e", "e");
    expect(await settled()).toEqual(["elsewhere"]);
    for (const [ended, next] of [
      ["a1", "c1"],
      ["c1", "d1"],
      ["b1", "a3"],
    ] as const) {
      end(ended);
      expect(await settled()).toEqual([next]);
    }
  });

  it("take turns client by client if all places are taken", async () => {
    const { ask, settled, end } = asking(new LargeReads({ ofClient: 2, atOnce: 2 }));
    for (const name of ["a1", "a2", "a3", "a4", "b1", "b2", "c1"]) void ask(name);
    expect(await settled()).toEqual(["a1", "a2"]);
    for (const [ended, next] of [
      ["a1", "b1"],
      ["b1", "c1"],
      ["c1", "b2"],
      ["a2", "a3"],
    ] as const) {
      end(ended);
      expect(await settled()).toEqual([next]);
    }
  });

  it("are refused if too many of one client wait, while those of others are not", async () => {
    const { ask, settled } = asking(new LargeReads({ ofClient: 1, waiting: 2 }));
    void ask("a1");
    void ask("a2");
    void ask("a3");
    await expect(ask("a4")).rejects.toMatchObject({ code: 503, type: "OVERLOADED" });
    void ask("b1");
    expect(await settled()).toEqual(["a1", "b1"]);
  });

  it("are refused if their turn does not come, and leave the queue", async () => {
    const { ask, settled, end } = asking(new LargeReads({ ofClient: 1, waitMs: 20 }));
    void ask("a1");
    await expect(ask("a2")).rejects.toMatchObject({ code: 503, type: "OVERLOADED" });
    void ask("a3");
    end("a1");
    expect(await settled()).toEqual(["a1", "a3"]);
  });

  it("are not prepared for clients that have left, which do not fill the queue either", async () => {
    const { ask, settled, end, leave } = asking(new LargeReads({ ofClient: 1, waiting: 3 }));
    for (const name of ["a1", "a2", "a3"]) void ask(name);
    const gone = ask("a4");
    for (const name of ["a2", "a3", "a4"]) leave(name);
    void ask("a5");
    await expect(gone).rejects.toMatchObject({ code: 503, type: "OVERLOADED" });
    void ask("a6");
    void ask("a7");
    leave("a6");
    for (const [ended, next] of [
      ["a1", "a5"],
      ["a5", "a7"],
    ] as const) {
      end(ended);
      expect(await settled()).toEqual([...(ended === "a1" ? ["a1"] : []), next]);
    }
  });

  it("of clients behind a proxy that does not name them have no shares", async () => {
    const { ask, settled } = asking(new LargeReads({ ofClient: 1, atOnce: 3, waiting: 1 }));
    for (const name of ["1", "2", "3", "4", "5"]) void ask(name, EVERYBODY);
    expect(await settled()).toEqual(["1", "2", "3"]);
  });
});
