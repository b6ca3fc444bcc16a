/** What comes to the ledger together is kept together, once, and what it does not keep any more its owners hear of. */
import { Errors } from "moleculer";
import type { AuditBatch } from "../../federation/audit-contract.ts";
import { auditEventsOf } from "./ledger.model.ts";
import { Keeper, type KeptEvent } from "./keeper.ts";

const batch = (work: string): AuditBatch => ({
  owner: "lab",
  entries: [{ at: 1, deed: "read", isDone: true, by: { who: "Practitioner/1", role: "nurse" }, what: ["Observation/1"], work }],
});
/** What no request of a gateway is named for. */
const unnamed = (n: number): AuditBatch["entries"][number] => ({
  at: n,
  deed: "sign-in",
  isDone: true,
  by: { who: "Practitioner/1", role: "nurse" },
});
const idsOf = (events: KeptEvent[]) => events.map(({ id }) => id);

/** Keeps what it has not yet. */
function keptFhir() {
  const kept = new Set<string>();
  const writes: string[][] = [];
  const write = async (events: KeptEvent[]): Promise<void> => {
    const ids = idsOf(events);
    writes.push(ids);
    const step = ids.findIndex((id) => kept.has(id));
    if (step >= 0) throw new Errors.MoleculerClientError("There is one.", 409, "ID_TAKEN", { step });
    for (const id of ids) kept.add(id);
  };
  const known = async (ids: string[]) => ids.filter((id) => kept.has(id));
  return { kept, writes, keeper: new Keeper({ write, known }), busy: new Keeper({ write, known }, () => () => 1) };
}

describe("the writer of the ledger", () => {
  it("stores concurrent entries in one write, and an existing action not again", async () => {
    const { kept, writes, keeper } = keptFhir();
    await Promise.all([keeper.keep("a", batch("w-1")), keeper.keep("b", batch("w-2"))]);
    expect(writes.map(({ length }) => length)).toEqual([2]);
    await Promise.all([keeper.keep("c", batch("w-1")), keeper.keep("d", batch("w-3"))]); // the first was noted twice
    expect([kept.size, writes.at(-1)?.length]).toEqual([3, 1]);
  });

  it("stores no repeated entry twice, without more writes for more repetitions", async () => {
    const { kept, writes, keeper } = keptFhir();
    const all = Array.from({ length: 100 }, (_, n): [string, AuditBatch] => [
      `b-${n}`,
      { ...batch(`w-${n}`), entries: [...batch(`w-${n}`).entries, unnamed(n)] },
    ]);
    await Promise.all(all.map(([id, one]) => keeper.keep(id, one)));
    const [before, wrote] = [kept.size, writes.length];
    await Promise.all([...all.map(([id, one]) => keeper.keep(id, one)), keeper.keep("new", batch("w-new"))]);
    expect([before, kept.size]).toEqual([200, 201]);
    expect(writes.length - wrote).toBeLessThanOrEqual(4);
  });

  it("lets a busy process serve requests first, but stores everything older than a minute", async () => {
    const { writes, busy } = keptFhir();
    const at = (age: number, work: string) => ({ ...batch(work), entries: [{ ...unnamed(Date.now() - age), work }] });
    const many = (age: number) => Array.from({ length: 500 }, (_, n) => busy.keep(`${age}-${n}`, at(age, `w-${age}-${n}`)));
    const fresh = many(0);
    const ofFresh = Promise.allSettled(fresh);
    await Promise.race(fresh);
    expect(writes.map(({ length }) => length)).toEqual([200]); // of 500, after five seconds
    busy.stop();
    await ofFresh;
    const late = keptFhir();
    await Promise.all(Array.from({ length: 500 }, (_, n) => late.busy.keep(`late-${n}`, at(61_000, `late-${n}`))));
    expect(late.writes.map(({ length }) => length)).toEqual([200, 200, 100]); // at once
  });

  it("reports each entry that cannot be stored, and stores the others", async () => {
    const bad = auditEventsOf("bad", batch("bad"))[0]?.id;
    const write = async (events: KeptEvent[]): Promise<void> => {
      if (idsOf(events).some((id) => id === bad)) throw new Error("not this one");
    };
    const keeper = new Keeper({ write, known: async () => [] });
    const answers = await Promise.allSettled(["good", "bad", "fine"].map((id) => keeper.keep(id, batch(id))));
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  it("tells its waiting callers when it stops", async () => {
    const keeper = new Keeper({ write: async () => {}, known: async () => [] });
    const waiting = keeper.keep("a", batch("w-1"));
    keeper.stop();
    await expect(waiting).rejects.toMatchObject({ code: 503, type: "LEDGER_STOPS" });
  });
});
