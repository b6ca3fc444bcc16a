/** What comes to the ledger together is kept together, once, and what it does not keep any more its owners hear of. */
import { Errors } from "moleculer";
import type { AuditBatch } from "../../federation/audit-contract.ts";
import type { OwnerStep, StepResult } from "../../federation/owner-contract.ts";
import { Keeper } from "./keeper.ts";

const batch = (work: string): AuditBatch => ({
  owner: "lab",
  entries: [{ at: 1, deed: "read", isDone: true, by: { who: "Practitioner/1", role: "nurse" }, what: ["Observation/1"], work }],
});
const idsOf = (steps: OwnerStep[]) => steps.flatMap((step) => (step.op === "create" ? [step.id] : []));

describe("the ledger's keeper", () => {
  it("keeps what comes together in one write, and a deed that is kept already not again", async () => {
    const kept = new Set<string>();
    const writes: string[][] = [];
    const write = async (steps: OwnerStep[]): Promise<StepResult[]> => {
      const ids = idsOf(steps);
      writes.push(ids);
      const step = ids.findIndex((id) => kept.has(id));
      if (step >= 0) throw new Errors.MoleculerClientError("There is one.", 409, "ID_TAKEN", { step });
      for (const id of ids) kept.add(id);
      return [];
    };
    const keeper = new Keeper(() => ({ write }));
    await Promise.all([keeper.keep("a", batch("w-1")), keeper.keep("b", batch("w-2"))]);
    expect(writes.map(({ length }) => length)).toEqual([2]);
    await Promise.all([keeper.keep("c", batch("w-1")), keeper.keep("d", batch("w-3"))]); // the first was noted twice
    expect([kept.size, writes.at(-1)?.length]).toEqual([3, 1]);
  });

  it("says of each that it cannot keep, and keeps the others", async () => {
    const write = async (steps: OwnerStep[]): Promise<StepResult[]> => {
      if (steps.some((step) => step.op === "once" && step.id === "bad")) throw new Error("not this one");
      if (steps.some((step) => step.op === "once" && step.id === "old")) throw new Errors.MoleculerClientError("", 409, "ALREADY_HANDLED");
      return [];
    };
    const keeper = new Keeper(() => ({ write }));
    const answers = await Promise.allSettled(["good", "bad", "old"].map((id) => keeper.keep(id, batch(id))));
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  it("tells who waits when it stops", async () => {
    const keeper = new Keeper(() => ({ write: async () => [] }));
    const waiting = keeper.keep("a", batch("w-1"));
    keeper.stop();
    await expect(waiting).rejects.toMatchObject({ code: 503, type: "LEDGER_STOPS" });
  });
});
