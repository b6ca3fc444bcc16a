/** What a process without a store puts on record reaches the ledger, also at its end. */
import type { Caller } from "../mesh/caller.ts";
import type { AuditEntry } from "./audit-contract.ts";
import { AuditNotes } from "./audit-notes.ts";

const entry = (n: number): AuditEntry => ({ at: n, deed: "read", isDone: false, by: { who: "Practitioner/1", role: "nurse" } });

describe("the audit entries of a stopping process", () => {
  let told: number[];
  let answers: (() => Promise<unknown>)[];
  const call = async (_: string, { entries }: { entries: AuditEntry[] }) => {
    await (answers.shift() ?? (async () => {}))();
    told.push(...entries.map(({ at }) => at));
  };
  const notes = () => new AuditNotes({ call } as unknown as Caller, "api", () => {});
  beforeEach(() => {
    [told, answers] = [[], []];
  });

  it("are sent before it has stopped, including those in progress", async () => {
    let arrive = () => {};
    answers = [() => new Promise<void>((resolve) => (arrive = resolve))];
    const some = notes();
    for (let n = 0; n < 250; n += 1) some.note(entry(n));
    const stopped = some.stop();
    arrive();
    await stopped;
    expect(told).toEqual(Array.from({ length: 250 }, (_, n) => n));
  });

  it("are sent one after the other, whenever they are made", async () => {
    const some = notes();
    for (let n = 0; n < 50; n += 1) {
      some.note(entry(n));
      for (let turn = 0; turn < n % 10; turn += 1) await Promise.resolve();
    }
    await new Promise(setImmediate);
    expect(told).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });

  it("are sent again if the ledger had not accepted them", async () => {
    answers = [() => Promise.reject(new Error("away"))];
    const some = notes();
    some.note(entry(1));
    await new Promise(setImmediate); // the first try has failed
    some.note(entry(2));
    await some.stop();
    expect(told).toEqual([1, 2]);
  });

  it("that are made while it stops are sent by the next stop, and do not prevent it if the ledger is gone", async () => {
    const some = notes();
    await some.stop();
    some.note(entry(1));
    await some.stop();
    expect(told).toEqual([1]);
    answers = [1, 2].map(() => () => Promise.reject(new Error("gone")));
    some.note(entry(2));
    await some.stop();
    expect(told).toEqual([1]);
  });
});
