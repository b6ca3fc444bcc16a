import { anybodyAt } from "./client-address.ts";
import { WorkGate } from "./work-gate.ts";

const MB = 1024 * 1024;

describe("large requests", () => {
  const begun: string[] = [];
  const enter = (gate: WorkGate, client: string, name: string, body: number, address = client) => {
    const turn = gate.enter({ name: client, address }, { body }).then((leave) => {
      begun.push(name);
      return leave as () => void;
    });
    turn.catch(() => {}); // who still waits when a test ends is refused later
    return turn;
  };
  const turns = async () => {
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  beforeEach(() => {
    begun.length = 0;
  });

  it("take turns, client by client, if they need more than is available; small ones do not wait", async () => {
    const gate = new WorkGate(undefined, 8 * MB);
    const first = enter(gate, "a", "a1", 2 * MB);
    const others = [enter(gate, "a", "a2", 2 * MB), enter(gate, "a", "a3", 2 * MB), enter(gate, "b", "b1", 2 * MB)];
    await turns();
    expect(begun).toEqual(["a1"]);
    expect(await gate.enter(anybodyAt("b"), { body: 1_000, answer: 1_000 })).toBeUndefined();
    (await first)();
    await turns();
    expect(begun).toEqual(["a1", "a2"]);
    for (const other of others) other.then((leave) => leave());
    await Promise.all(others);
  });

  it("serve another client before the second request of the first", async () => {
    const gate = new WorkGate(undefined, 8 * MB);
    for (const name of ["a1", "a2", "a3", "b1"]) void enter(gate, name.charAt(0), name, 2 * MB).then((leave) => leave());
    await turns();
    await turns();
    expect(begun).toEqual(["a1", "a2", "b1", "a3"]);
  });

  it("of one client leave room for others, however long they take", async () => {
    const gate = new WorkGate(undefined, 32 * MB);
    const long = Array.from({ length: 8 }, (_, n) => enter(gate, "a", `a${n + 1}`, 2 * MB));
    for (let each = 0; each < 8; each++) await turns();
    expect(begun).toEqual(["a1", "a2", "a3"]);
    const other = enter(gate, "b", "b1", 2 * MB);
    await turns();
    expect(begun).toEqual(["a1", "a2", "a3", "b1"]);
    (await other)();
    (await (long[0] as Promise<() => void>))();
    await turns();
    expect(begun).toEqual(["a1", "a2", "a3", "b1", "a4"]);
  });

  it("of all clients behind one address leave room for others", async () => {
    const gate = new WorkGate(undefined, 64 * MB);
    const all = ["a1", "a2", "b1", "b2", "c1", "c2"].map((name) => enter(gate, name.charAt(0), name, 3 * MB, "house"));
    for (let each = 0; each < 8; each++) await turns();
    expect(begun).toEqual(["a1", "a2", "b1", "c1"]);
    void enter(gate, "e", "elsewhere", 3 * MB);
    await turns();
    expect(begun.at(-1)).toBe("elsewhere");
    for (const one of all) one.then((leave) => leave());
    await Promise.all(all);
  });

  it("of one client that need more than its share are handled alone, and another client's begin beside them", async () => {
    const gate = new WorkGate(undefined, 32 * MB);
    void enter(gate, "a", "whole", 32 * MB);
    void enter(gate, "a", "next", 1 * MB);
    await turns();
    void enter(gate, "b", "beside", 2 * MB);
    await turns();
    expect(begun).toEqual(["whole", "beside"]);
  });

  it("of one kind delay those of another kind by at most one turn, even of the same client", async () => {
    const gate = new WorkGate(undefined, 8 * MB);
    const ask = (kind: string, name: string) =>
      gate.enter(anybodyAt("a"), { kind, answer: 2 * MB }).then((leave) => {
        begun.push(name);
        leave?.();
      });
    const all = ["r1", "r2", "r3", "r4"].map((name) => ask("Binary/id", name));
    all.push(ask("Patient/id", "p1"));
    await Promise.all(all);
    expect(begun).toEqual(["r1", "r2", "p1", "r3", "r4"]);
  });

  it("are handled alone if they need more than there is in all, and are refused if their turn does not come", async () => {
    const gate = new WorkGate(undefined, 8 * MB, 20);
    const leave = await enter(gate, "a", "large", 100 * MB);
    await expect(enter(gate, "b", "late", 1 * MB)).rejects.toMatchObject({ code: 503, type: "OVERLOADED" });
    leave();
    await enter(gate, "b", "again", 1 * MB);
    expect(begun).toEqual(["large", "again"]);
  });
});
