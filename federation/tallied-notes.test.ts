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

describe("tries that come in floods", () => {
  let noted: AuditEntry[];
  const notes = { note: (one: AuditEntry) => void noted.push(one) };
  beforeEach(() => {
    noted = [];
    jest.useFakeTimers();
  });
  afterEach(() => jest.useRealTimers());

  it("are two entries of an address and minute, the second of which says how many and whose", () => {
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

  it("of one address take nothing from the entries of another, and of very many are counted together", () => {
    const tallied = new TalliedNotes(notes, 1);
    for (let n = 0; n < 5_000; n += 1) tallied.note(`address-${n}`, entry("Patient/1"));
    jest.advanceTimersByTime(60_000);
    expect(noted.length).toBeLessThanOrEqual(202);
    expect(noted.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(5_000);
  });

  it("are noted one by one as long as they are few, and what was counted is told at the end", () => {
    const tallied = new TalliedNotes(notes, 3);
    for (let n = 0; n < 5; n += 1) tallied.note("nurse", entry("Patient/1"));
    tallied.flush();
    expect(noted.map(({ count }) => count)).toEqual([undefined, undefined, undefined, 2]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
