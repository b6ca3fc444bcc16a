import { dayOf, isTimeZone, momentOf, shownAgainAt, shownAt } from "./time-zone.ts";

const utc = (text: string): number => Date.parse(`${text}Z`);

describe("the hospital's time zone", () => {
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

  it("takes a repeated hour as the first one, and a skipped one as before the change", () => {
    expect(momentOf(utc("2026-10-25T02:30:00"), "Europe/Paris")).toBe(utc("2026-10-25T00:30:00"));
    expect(momentOf(utc("2026-03-29T02:30:00"), "Europe/Paris")).toBe(utc("2026-03-29T01:30:00"));
    expect(momentOf(utc("2026-03-29T03:30:00"), "Europe/Paris")).toBe(utc("2026-03-29T01:30:00"));
  });

  it.each([
    ["Europe/Paris", "2026-10-25T00:30:00", "2026-10-25T01:30:00"],
    ["Africa/Casablanca", "2026-02-15T01:30:00", "2026-02-15T02:30:00"],
    ["America/Santiago", "2026-04-05T02:30:00", "2026-04-05T03:30:00"],
    ["Australia/Lord_Howe", "2026-04-04T14:45:00", "2026-04-04T15:15:00"],
  ])("is shown again in %s an hour, or half of one, later", (zone, first, again) => {
    expect(shownAgainAt(utc(first), zone)).toBe(utc(again));
    expect(shownAgainAt(utc(again), zone)).toBeUndefined();
    expect(shownAgainAt(utc("2026-07-01T10:00:00"), zone)).toBeUndefined();
  });

  it("has no midnight on one day in Santiago, which begins an hour later", () => {
    expect(momentOf(utc("2026-09-06T00:00:00"), "America/Santiago")).toBe(utc("2026-09-06T04:00:00"));
    expect(dayOf(utc("2026-09-06T04:00:00"), "America/Santiago") - dayOf(utc("2026-09-06T03:59:59"), "America/Santiago")).toBe(1);
  });

  it("tells to which day a moment belongs: a visit at 00:20 in Algiers to that day", () => {
    const moment = utc("2026-01-04T23:20:00");
    expect(dayOf(moment, "Africa/Algiers") - dayOf(moment, "UTC")).toBe(1);
  });

  it("is that of zones that there are", () => {
    expect(["Africa/Algiers", "UTC", "Mars/Olympus", "+1 hour"].map(isTimeZone)).toEqual([true, true, false, false]);
  });
});
