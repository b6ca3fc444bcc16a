/** What one source puts on record is bounded, and nothing of it is left out. */
import { jest } from "@jest/globals";
import type { AuditEntry } from "./audit-contract.ts";
import { TalliedNotes } from "./tallied-notes.ts";

const entry = (patient: string): AuditEntry => ({
  at: 1,
  deed: "token",
  isDone: false,
  by: { who: "", role: "" },
  what: [patient],
  patients: [patient],
});

describe("refused attempts in large numbers", () => {
  let noted: AuditEntry[];
  const notes = { note: (one: AuditEntry) => void noted.push(one) };
  beforeEach(() => {
    noted = [];
    jest.useFakeTimers();
  });
  afterEach(() => jest.useRealTimers());

  it("are two entries per address and minute, the second of which gives their number and people", () => {
    const tallied = new TalliedNotes(notes, 1);
    for (let n = 0; n < 10_000; n += 1) tallied.note("192.0.2.1", entry(`Patient/${n % 300}`));
    expect(noted).toEqual([entry("Patient/0")]);
    jest.advanceTimersByTime(60_000);
    expect(noted.map(({ count, patients }) => [count, patients?.length])).toEqual([
      [undefined, 1],
      [9_999, 100],
    ]);
    tallied.note("192.0.2.1", entry("Patient/1")); // of the next minute
    expect(noted).toHaveLength(3);
  });

  it("of one address take no entries from another, and those of very many addresses are counted together", () => {
    const tallied = new TalliedNotes(notes, 1);
    for (let n = 0; n < 5_000; n += 1) tallied.note(`address-${n}`, entry("Patient/1"));
    jest.advanceTimersByTime(60_000);
    expect(noted.length).toBeLessThanOrEqual(202);
    expect(noted.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(5_000);
  });

  it("of more people than are distinguished are in nobody's name, and each action is counted by itself", () => {
    const tallied = new TalliedNotes(notes, 1);
    for (let n = 0; n < 300; n += 1) {
      for (const deed of ["read", "update"] as const) {
        for (let again = 0; again < 2; again += 1) {
          tallied.note(`person-${n}`, {
            ...entry("Patient/1"),
            deed,
            by: { who: `person-${n}`, role: "nurse" },
            address: `192.0.2.${n}`,
            call: `${n}`,
          });
        }
      }
    }
    jest.advanceTimersByTime(60_000);
    const ofMany = noted.filter(({ count = 1 }) => count > 1);
    expect(ofMany.map(({ deed, by, address, call }) => [deed, by.who, address, call])).toEqual([
      ["read", "", undefined, undefined],
      ["update", "", undefined, undefined],
    ]);
    expect(noted.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(1_200);
    for (const { by, count = 1 } of noted) expect([count > 1, by.who === ""]).toEqual([count > 1, count > 1]);
  });

  it("are recorded one by one while they are few, and counts are written at the end", () => {
    const tallied = new TalliedNotes(notes, 3);
    for (let n = 0; n < 5; n += 1) tallied.note("nurse", entry("Patient/1"));
    tallied.flush();
    expect(noted.map(({ count }) => count)).toEqual([undefined, undefined, undefined, 2]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
