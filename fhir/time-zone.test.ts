import { dayOf, isTimeZone, momentOf, shownAt } from "./time-zone.ts";

const utc = (text: string): number => Date.parse(`${text}Z`);

describe("The time of a hospital's clocks", () => {
  it.each([
    ["Africa/Algiers", "2026-01-04T23:20:00", "2026-01-05T00:20:00"],
    ["Europe/Paris", "2026-07-01T22:30:00", "2026-07-02T00:30:00"],
    ["America/St_Johns", "2026-01-05T02:00:00.250", "2026-01-04T22:30:00.250"],
    ["Pacific/Kiritimati", "2026-12-31T12:00:00", "2027-01-01T02:00:00"],
    ["UTC", "1969-12-31T23:59:59", "1969-12-31T23:59:59"],
  ])("in %s at %s UTC is %s, and back", (zone, moment, shown) => {
    expect(shownAt(utc(moment), zone)).toBe(utc(shown));
    expect(momentOf(utc(shown), zone)).toBe(utc(moment));
  });

  it("of the hour that summer time repeats is the first, of that which it leaves out is as before the change", () => {
    expect(momentOf(utc("2026-10-25T02:30:00"), "Europe/Paris")).toBe(utc("2026-10-25T00:30:00"));
    expect(momentOf(utc("2026-03-29T02:30:00"), "Europe/Paris")).toBe(utc("2026-03-29T01:30:00"));
    expect(momentOf(utc("2026-03-29T03:30:00"), "Europe/Paris")).toBe(utc("2026-03-29T01:30:00"));
  });

  it("tells to which day a moment belongs: a visit at 00:20 in Algiers to that day", () => {
    const moment = utc("2026-01-04T23:20:00");
    expect(dayOf(moment, "Africa/Algiers") - dayOf(moment, "UTC")).toBe(1);
  });

  it("is that of zones that there are", () => {
    expect(["Africa/Algiers", "UTC", "Mars/Olympus", "+1 hour"].map(isTimeZone)).toEqual([true, true, false, false]);
  });
});
