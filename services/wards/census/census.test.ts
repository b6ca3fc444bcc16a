/** The midnight census, by the hospital's clocks. */
import type { Encounter } from "../../../fhir/r4.ts";
import { type Clinic, refusal, startClinic } from "../../../test/kit/clinic.ts";
import { hospitalizations } from "../../hospitalizations/hospitalizations.contract.ts";
import HospitalizationsService from "../../hospitalizations/hospitalizations.service.ts";
import TransactionsService from "../../transactions/transactions.service.ts";
import type { WardPlace } from "../board/ward-tree.ts";
import { wards } from "../wards.contract.ts";
import WardsService from "../wards.service.ts";
import { censusOf, csvOf, daysBetween, momentsOf } from "./census.model.ts";

const bed = (location: string) => ({ location, version: 1, name: location, isUsable: true, attributes: [] });
const tree = ["surgery", "medicine"].map(
  (name): WardPlace => ({
    location: `Location/${name}`,
    name,
    status: "open",
    rooms: [
      {
        location: `Location/${name}-1`,
        version: 1,
        name: "1",
        status: "open",
        beds: [bed(`Location/${name}-a`), bed(`Location/${name}-b`)],
      },
    ],
  }),
);
const place = (ward: string, start: string, end?: string) => ({
  location: { reference: `Location/${ward}` },
  status: end ? "completed" : "active",
  period: { start, ...(end && { end }) },
});
const stay = (location: object[], start: string, end?: string, more: object = {}): Encounter =>
  ({
    status: end ? "finished" : "in-progress",
    class: { code: "IMP" },
    period: { start, ...(end && { end }) },
    location,
    ...more,
  }) as unknown as Encounter;

describe("the census", () => {
  const figures = (stays: Encounter[], zone = "UTC", from = "2026-03-01", to = "2026-03-02") =>
    censusOf(tree, stays, daysBetween(from, to, zone));
  const row = (census: ReturnType<typeof figures>, day: string, ward: string) =>
    census.days.find((it) => it.day === day && it.name === ward) as (typeof census.days)[number];

  it("counts the patients at the end of the day, and admissions, transfers and discharges", () => {
    const [came, moved, left] = ["2026-03-01T10:00:00Z", "2026-03-02T09:00:00Z", "2026-03-02T15:00:00Z"];
    const census = figures([stay([place("surgery-a", came, moved), place("medicine-b", moved, left)], came, left)]);
    expect(row(census, "2026-03-01", "surgery")).toMatchObject({
      beds: 2,
      atMidnight: 1,
      occupancy: 0.5,
      admissions: 1,
      transfersOut: 0,
      discharges: 0,
    });
    expect(row(census, "2026-03-02", "surgery")).toMatchObject({ atMidnight: 0, admissions: 0, transfersOut: 1, discharges: 0 });
    expect(row(census, "2026-03-02", "medicine")).toMatchObject({ atMidnight: 0, transfersIn: 1, admissions: 0, discharges: 1, deaths: 0 });
    expect(census.stays).toEqual([{ ward: "Location/medicine", name: "medicine", discharges: 1, meanDays: 1, medianDays: 1 }]);
  });

  it("does not count moves within a ward, and counts patients without a bed as present", () => {
    const [came, moved] = ["2026-02-20T10:00:00Z", "2026-03-01T09:00:00Z"];
    const census = figures([stay([place("surgery", came, moved), place("surgery-b", moved)], came)]);
    expect(row(census, "2026-03-01", "surgery")).toMatchObject({ atMidnight: 1, admissions: 0, transfersIn: 0, transfersOut: 0 });
  });

  it("uses the hospital's midnight", () => {
    const came = "2026-03-01T23:30:00Z"; // half past midnight in Algiers
    const stays = [stay([place("surgery-a", came)], came)];
    expect(row(figures(stays), "2026-03-01", "surgery")).toMatchObject({ atMidnight: 1, admissions: 1 });
    expect(row(figures(stays, "Africa/Algiers"), "2026-03-01", "surgery")).toMatchObject({ atMidnight: 0, admissions: 0 });
    expect(row(figures(stays, "Africa/Algiers"), "2026-03-02", "surgery")).toMatchObject({ atMidnight: 1, admissions: 1 });
  });

  it.each([
    ["Europe/Paris", "2026-03-29", 23],
    ["Europe/Paris", "2026-10-25", 25],
    ["Africa/Casablanca", "2026-03-22", 23],
    ["Africa/Casablanca", "2026-02-15", 25],
    ["America/Santiago", "2026-09-06", 23], // its midnight is left out
    ["America/Santiago", "2026-04-04", 25], // its last hour is twice
  ])("is of the whole day on which the clocks are set (%s, %s)", (zone, day, hours) => {
    const after = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
    const days = daysBetween(day, day, zone);
    const [begins, ends] = momentsOf(days);
    expect((ends - begins) / 3_600_000).toBe(hours);
    const time = (moment: number) => new Date(moment).toISOString();
    const there = (from: number, to: number) => stay([place("surgery-a", time(from), time(to))], time(from), time(to));
    // Who comes in its first second and goes in its last was there for no night, a second longer for one; each is counted once.
    const census = figures([there(begins, ends - 1_000), there(begins - 1_000, ends + 1_000)], zone, day, after);
    expect(row(census, day, "surgery")).toMatchObject({ admissions: 1, discharges: 1, atMidnight: 1 });
    expect(row(census, after, "surgery")).toMatchObject({ admissions: 0, discharges: 1, atMidnight: 0 });
    expect(census.stays).toMatchObject([{ discharges: 2, meanDays: 1, medianDays: 1 }]); // of 0 and of 2 days
  });

  it("counts patients on leave as present, and deaths as discharges", () => {
    const came = "2026-03-01T08:00:00Z";
    const away = { status: "onleave", statusHistory: [{ status: "in-progress", period: { start: came, end: "2026-03-01T18:00:00Z" } }] };
    const died = { hospitalization: { dischargeDisposition: { coding: [{ code: "exp" }] } } };
    const dead = stay([place("surgery-b", came, "2026-03-01T12:00:00Z")], came, "2026-03-01T12:00:00Z", died);
    const census = figures([stay([place("surgery-a", came)], came, undefined, away), dead]);
    expect(row(census, "2026-03-01", "surgery")).toMatchObject({ atMidnight: 1, away: 1, discharges: 1, deaths: 1 });
  });

  it("can be a table for a spreadsheet, in which no name is a formula", () => {
    const [ward] = tree as [WardPlace];
    const census = censusOf([{ ...ward, name: '=1+1,"A"' }], [], daysBetween("2026-03-01", "2026-03-01", "UTC"));
    expect(csvOf(census)).toBe(
      "day,ward,name,beds,atMidnight,away,occupancy,admissions,transfersIn,transfersOut,discharges,deaths\r\n" +
        `2026-03-01,Location/surgery,"'=1+1,""A""",2,0,0,0,0,0,0,0,0\r\n`,
    );
  });

  describe("of a hospital", () => {
    let clinic: Clinic;
    beforeAll(async () => {
      clinic = await startClinic(WardsService, HospitalizationsService, TransactionsService);
    });
    afterAll(() => clinic.stop());

    it("includes today, and refuses invalid or too many days", async () => {
      const { rooms } = await wards.open(clinic.caller, { name: "Surgery", rooms: [{ name: "1", beds: ["A"] }] });
      await hospitalizations.admit(clinic.caller, { patient: "Patient/1", bed: rooms[0]?.beds[0]?.location ?? "" });
      const today = new Date().toISOString().slice(0, 10);
      expect((await wards.census(clinic.caller, { from: today, to: today })).days).toMatchObject([
        { day: today, admissions: 1, atMidnight: 1 },
      ]);
      expect((await wards.censusCsv(clinic.caller, { from: today, to: today })).split("\r\n")).toHaveLength(3);
      for (const [from, to] of [
        ["2026-03-02", "2026-03-01"],
        ["2026-01-01", "2026-12-31"],
      ] as const) {
        await expect(wards.census(clinic.caller, { from, to })).rejects.toEqual(refusal(409, "DAYS_IMPOSSIBLE"));
      }
      for (const none of ["2026-02-29", "2026-02", "2026-2-1"]) {
        const asked = wards.census(clinic.caller, { from: none, to: today });
        await expect(asked).rejects.toMatchObject({
          code: 422,
          type: "VALIDATION_ERROR",
          data: [{ message: expect.stringContaining("the calendar has") }],
        });
      }
    });

    it("is the same for one ward alone: who was transferred to it was not admitted there, nor discharged where the patient came from", async () => {
      const bedIn = async (name: string) =>
        (await wards.open(clinic.caller, { name, rooms: [{ name: "1", beds: ["A"] }] })).rooms[0]?.beds[0]?.location ?? "";
      const [first, second] = [await bedIn("First"), await bedIn("Second")];
      const { stay } = await hospitalizations.admit(clinic.caller, { patient: "Patient/moved", bed: first });
      await hospitalizations.transfer(clinic.caller, { stay, bed: second });
      await hospitalizations.discharge(clinic.caller, { stay });
      const today = new Date().toISOString().slice(0, 10);
      const period = { from: today, to: today };
      const whole = await wards.census(clinic.caller, period);
      for (const [name, figures] of [
        ["First", { admissions: 1, transfersIn: 0, transfersOut: 1, discharges: 0 }],
        ["Second", { admissions: 0, transfersIn: 1, transfersOut: 0, discharges: 1 }],
      ] as const) {
        const ward = whole.days.find((it) => it.name === name)?.ward ?? "";
        const alone = await wards.census(clinic.caller, { ...period, ward });
        expect(alone.days).toMatchObject([figures]);
        expect(alone.days).toEqual(whole.days.filter((it) => it.ward === ward));
        expect(alone.stays).toEqual(whole.stays.filter((it) => it.ward === ward));
        expect(await wards.censusCsv(clinic.caller, { ...period, ward })).toContain(Object.values(figures).join(","));
      }
    });
  });
});
