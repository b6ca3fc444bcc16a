/** When the doses of a prescription are due. */
import type { MedicationRequest } from "../../../fhir/r4.ts";
import fc from "fast-check";
import { usedMs } from "../../../test/kit/growth.ts";
import { useTimeZone } from "../../../fhir/time-zone.ts";
import { dueBetween, scheduleOf } from "./schedule.ts";

describe("a prescription", () => {
  const prescribed = (repeat: object, more: object = {}): MedicationRequest =>
    ({ status: "active", dosageInstruction: [{ timing: { repeat } }], ...more }) as unknown as MedicationRequest;
  const start = "2026-03-28T07:00:00Z";
  const on = (request: MedicationRequest, from: string, to: string): string[] => {
    const schedule = scheduleOf(request);
    return schedule ? dueBetween(schedule, Date.parse(from), Date.parse(to)).map((it) => new Date(it).toISOString()) : [];
  };
  const thrice = { boundsPeriod: { start }, frequency: 3, period: 1, periodUnit: "d" };

  it("is due as often as it says, from its first dose to its end", () => {
    expect(on(prescribed(thrice), "2026-03-28T00:00:00Z", "2026-03-28T23:59:00Z")).toEqual([
      "2026-03-28T07:00:00.000Z",
      "2026-03-28T15:00:00.000Z",
      "2026-03-28T23:00:00.000Z",
    ]);
    const ended = prescribed({ ...thrice, boundsPeriod: { start, end: "2026-03-28T15:00:00Z" } });
    expect(on(ended, start, "2026-03-30T00:00:00Z")).toEqual(["2026-03-28T07:00:00.000Z"]);
    expect(on(prescribed(thrice), "2027-01-01T00:00:00Z", "2027-01-01T08:00:00Z")).toHaveLength(1);
  });

  /** Of one week, a Monday on; the month and the seconds are left out. */
  const inWeek = (repeat: object, code?: string): string[] => {
    const coding = [{ system: "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation", code }];
    const boundsPeriod = { start: "2026-06-01T10:00:00Z" };
    const timing = { repeat: { boundsPeriod, ...repeat }, ...(code !== undefined && { code: { coding } }) };
    const request = { status: "active", dosageInstruction: [{ timing }] } as unknown as MedicationRequest;
    return on(request, "2026-06-01T00:00:00Z", "2026-06-07T23:59:00Z").map((one) => one.slice(8, 13));
  };
  it.each<[string, string, string[]]>([
    ["twice a day", "BID", ["01T10", "01T22", "02T10"]],
    ["four times a day", "QID", ["01T10", "01T16", "01T22", "02T04"]],
    ["every eight hours", "Q8H", ["01T10", "01T18", "02T02"]],
    ["every other day", "QOD", ["01T10", "03T10", "05T10"]],
    ["every morning", "AM", ["02T08", "03T08"]],
    ["every afternoon", "PM", ["01T16", "02T16"]],
    ["at bedtime", "BED", ["01T22", "02T22"]],
  ])("is due by the code of its timing: %s", (_, code, first) => {
    expect(inWeek({}, code).slice(0, first.length)).toEqual(first);
    expect(inWeek({}, "as the physician says")).toEqual([]);
    expect(inWeek({ frequency: 1, period: 1, periodUnit: "wk" }, code)).toEqual(["01T10"]); // what is structured counts first
  });

  it.each<[string, object, string[]]>([
    ["at times of the day", { frequency: 2, period: 1, periodUnit: "d", timeOfDay: ["20:00:00", "08:00:00"] }, ["01T20", "02T08", "02T20"]],
    ["at a time of every other day", { period: 2, periodUnit: "d", timeOfDay: ["12:00:00"] }, ["01T12", "03T12", "05T12", "07T12"]],
    ["before breakfast and at bedtime", { when: ["HS", "ACM"] }, ["01T22", "02T08", "02T22"]],
    ["after each meal", { frequency: 3, period: 1, periodUnit: "d", when: ["PC"] }, ["01T12", "01T19", "02T08", "02T12"]],
    ["an hour before dinner", { period: 1, periodUnit: "d", when: ["ACV"], offset: 60 }, ["01T18", "02T18"]],
    [
      "at a time of the day, if it says days before dinner",
      { period: 1, periodUnit: "d", when: ["ACV"], offset: 5_000 },
      ["02T07", "03T07"],
    ],
    ["after midnight, if bedtime and its minutes make it so", { when: ["HS"], offset: 150 }, ["02T00", "03T00"]],
    [
      "in the late morning, if a time is not named",
      { when: ["MORN.late"], timeOfDay: ["11:00:00"], period: 1, periodUnit: "d" },
      ["01T11"],
    ],
    ["as often as it says, if nobody knows the event", { frequency: 2, period: 1, periodUnit: "d", when: ["ICV"] }, ["01T10", "01T22"]],
    ["on days of the week", { period: 1, periodUnit: "wk", dayOfWeek: ["fri", "tue"] }, ["02T10", "05T10"]],
    ["twice on a day of the week", { frequency: 2, period: 1, periodUnit: "d", dayOfWeek: ["wed"] }, ["03T10", "03T22"]],
    ["every second week", { period: 2, periodUnit: "wk", dayOfWeek: ["mon"], timeOfDay: ["09:00:00"] }, []],
    ["a number of times", { frequency: 3, period: 1, periodUnit: "d", count: 4 }, ["01T10", "01T18", "02T02", "02T10"]],
    ["a number of times at a time of the day", { period: 1, periodUnit: "d", timeOfDay: ["08:00:00"], count: 2 }, ["02T08", "03T08"]],
  ])("is due %s", (_, repeat, due) => {
    const all = inWeek(repeat);
    expect("count" in repeat || "dayOfWeek" in repeat ? all : all.slice(0, due.length)).toEqual(due);
  });

  it("is due on the same days and times whether it began this week or long before", () => {
    const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    const repeats = fc.record({
      frequency: fc.integer({ min: 1, max: 4 }),
      period: fc.integer({ min: 1, max: 3 }),
      periodUnit: fc.constantFrom("d", "wk"),
      timeOfDay: fc.uniqueArray(fc.constantFrom("00:00:00", "06:30:00", "12:00:00", "20:15:00"), { minLength: 1 }),
      dayOfWeek: fc.uniqueArray(fc.constantFrom(...weekdays), { maxLength: 3 }),
      count: fc.option(fc.integer({ min: 1, max: 150 }), { nil: undefined }),
    });
    const begins = fc.date({ min: new Date("2025-01-01"), max: new Date("2025-12-31"), noInvalidDate: true });
    fc.assert(
      fc.property(repeats, begins, fc.integer({ min: 0, max: 120 }), (repeat, begin, later) => {
        const schedule = scheduleOf(prescribed({ ...repeat, boundsPeriod: { start: begin.toISOString() } }));
        if (!schedule) throw new Error("It has no schedule.");
        const [low, high] = [begin.getTime() + later * 86_400_000, begin.getTime() + (later + 20) * 86_400_000];
        const one: number[] = []; // day by day from the begin
        for (let from = begin.getTime() - 1; from < high; ) {
          const next = dueBetween(schedule, from + 1, high);
          const [first] = next;
          if (first === undefined) break;
          one.push(...next);
          from = next.at(-1) as number;
        }
        expect(dueBetween(schedule, low, high)).toEqual(one.filter((it) => it >= low && it <= high));
      }),
    );
  });

  it("takes no longer for one that began in the year 1, or a thousand million times a day", () => {
    const begun = usedMs();
    const weekly = {
      boundsPeriod: { start: "0001-01-01T00:00:00Z" },
      period: 1,
      periodUnit: "wk",
      dayOfWeek: ["mon"],
      timeOfDay: ["08:00:00"],
    };
    for (let times = 0; times < 200; times += 1) {
      expect(on(prescribed(weekly), "2026-06-01T00:00:00Z", "2026-06-09T00:00:00Z")).toHaveLength(2);
    }
    const often = { boundsPeriod: { start }, frequency: 1_000_000_000, period: 1, periodUnit: "d", dayOfWeek: ["mon"] };
    expect(on(prescribed(often), "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z").length).toBeLessThanOrEqual(200);
    expect(usedMs() - begun).toBeLessThan(2_000);
  });

  it("is due at the same time of the day in summer and in winter", () => {
    useTimeZone("Europe/Paris");
    const daily = prescribed({ ...thrice, frequency: 1 });
    expect(on(daily, start, "2026-03-29T23:00:00Z")).toEqual(["2026-03-28T07:00:00.000Z", "2026-03-29T06:00:00.000Z"]);
    const atEight = prescribed({ ...thrice, frequency: 1, timeOfDay: ["08:00:00"] });
    expect(on(atEight, start, "2026-03-29T23:00:00Z")).toEqual(["2026-03-28T07:00:00.000Z", "2026-03-29T06:00:00.000Z"]);
    useTimeZone("UTC");
  });

  it.each([
    ["Europe/Paris", "2026-03-28T18:00:00Z", 23],
    ["Europe/Paris", "2026-10-24T18:00:00Z", 25],
    ["Africa/Casablanca", "2026-03-21T18:00:00Z", 23],
    ["Africa/Casablanca", "2026-02-14T18:00:00Z", 25],
    ["America/Santiago", "2026-09-05T18:00:00Z", 23],
    ["America/Santiago", "2026-04-04T18:00:00Z", 25],
  ])("is due in the night in which the clocks are set (%s, %s) no dose twice, no dose too few", (zone, evening, hours) => {
    useTimeZone(zone);
    const [from, to] = [evening, new Date(Date.parse(evening) + hours * 3_600_000 - 1).toISOString()];
    const gaps = (period: number, count = period): number[] => {
      const all = on(prescribed({ boundsPeriod: { start: from }, frequency: 1, period, periodUnit: "h" }), from, to);
      expect(all).toHaveLength(count < 2 ? hours / period : 24 / period); // a day of the ward has as many doses as any other
      return all.slice(1).map((one, index) => (Date.parse(one) - Date.parse(all[index] ?? "")) / 3_600_000);
    };
    expect(new Set(gaps(1))).toEqual(new Set([1]));
    expect(new Set(gaps(0.5))).toEqual(new Set([0.5]));
    for (const period of [2, 3, 6, 8]) for (const gap of gaps(period)) expect(Math.abs(gap - period)).toBeLessThanOrEqual(1);
    const daily = { boundsPeriod: { start: from }, frequency: 1, period: 1, periodUnit: "d" };
    const ofFive = { dosageInstruction: [{ timing: { repeat: daily }, doseAndRate: [{ doseQuantity: { value: 1 } }] }] };
    const handedOut = prescribed(daily, { ...ofFive, status: "completed", dispenseRequest: { quantity: { value: 5 } } });
    expect(on(handedOut, from, "2027-01-01T00:00:00Z")).toHaveLength(5);
    const winter = prescribed({ boundsPeriod: { start: "2026-07-01T10:00:00Z" }, frequency: 1, period: 15, periodUnit: "h" });
    expect(on(winter, "2026-12-01T00:00:00Z", "2026-12-02T06:00:00Z")).toHaveLength(2);
    useTimeZone("UTC");
  });

  it("is no longer due after it was stopped, and is due to its end if all was dispensed", () => {
    expect(scheduleOf(prescribed(thrice, { status: "stopped" }))).toBeUndefined();
    expect(scheduleOf(prescribed(thrice, { status: "completed" }))).toBeUndefined();
    const dosageInstruction = [{ timing: { repeat: thrice }, doseAndRate: [{ doseQuantity: { value: 2 } }] }];
    const handedOut = prescribed(thrice, { status: "completed", dosageInstruction, dispenseRequest: { quantity: { value: 5 } } });
    expect(on(handedOut, start, "2026-04-01T00:00:00Z")).toHaveLength(2);
    expect(scheduleOf({ status: "active" } as MedicationRequest)).toBeUndefined();
  });
});
