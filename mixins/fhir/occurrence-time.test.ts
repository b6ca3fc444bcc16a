import { useTimeZone } from "../../fhir/time-zone.ts";
import { refusal } from "../../test/kit/clinic.ts";
import { occurrenceTime, withLateReason } from "./occurrence-time.ts";

const now = new Date("2026-01-05T12:00:00Z");
const at = (text: string, more: { lateReason?: string; time?: string } = {}) => {
  const { time, ...rest } = more;
  return occurrenceTime({ at: text, ...rest }, { now, ...(time !== undefined && { after: { what: "Encounter/1", time } }) }).toISOString();
};

describe("what is recorded afterwards", () => {
  it("happened at the stated time, or now; in the hospital's time zone if none is given", () => {
    expect(occurrenceTime({}, { now })).toBe(now);
    expect([at("2026-01-05T10:30:00+01:00"), at("2026-01-05T10:30")]).toEqual(["2026-01-05T09:30:00.000Z", "2026-01-05T10:30:00.000Z"]);
    useTimeZone("Africa/Algiers");
    expect(at("2026-01-05T00:20")).toBe("2026-01-04T23:20:00.000Z");
    useTimeZone("UTC");
  });

  it("cannot be in the future, except for small clock differences", () => {
    expect(at("2026-01-05T12:04:00Z")).toBe(now.toISOString());
    expect(() => at("2026-01-05T12:06:00Z")).toThrow(refusal(409, "AT_IN_FUTURE"));
  });

  it("cannot precede what it is part of, to the precision of the stated time", () => {
    expect(at("2026-01-05T10:30", { time: "2026-01-05T10:30:40Z" })).toBe("2026-01-05T10:30:40.000Z");
    expect(() => at("2026-01-05T10:29", { time: "2026-01-05T10:30:40Z" })).toThrow(refusal(409, "AT_TOO_EARLY"));
    expect(at("2026-01-05T10:29", { time: "2026-01-05" })).toBe("2026-01-05T10:29:00.000Z");
  });

  it("cannot precede the birth of any patient, even if the date of birth is unknown", () => {
    expect(at("1896-01-06", { lateReason: "found in the archive" })).toBe("1896-01-06T00:00:00.000Z");
    const early = expect.objectContaining({ code: 409, type: "AT_TOO_EARLY", message: expect.stringContaining("130 years") });
    for (const time of ["1896-01-04", "1026-01-05T10:30", "0001"]) expect(() => at(time, { lateReason: "x" })).toThrow(early as never);
  });

  it("in a repeated hour of the clock is in the second one if it cannot be in the first", () => {
    const cases = [
      ["Europe/Paris", "2026-10-25T02:15", "2026-10-25T00:45:00Z", "2026-10-25T01:20:00Z", "2026-10-25T01:15:00.000Z"],
      ["Africa/Casablanca", "2026-02-15T02:15", "2026-02-15T01:45:00Z", "2026-02-15T02:20:00Z", "2026-02-15T02:15:00.000Z"],
      ["America/Santiago", "2026-04-04T23:15", "2026-04-05T02:45:00Z", "2026-04-05T03:20:00Z", "2026-04-05T03:15:00.000Z"],
    ] as const;
    for (const [zone, said, admitted, then, moment] of cases) {
      useTimeZone(zone);
      const moved = (asked: string, clock: string) =>
        occurrenceTime({ at: asked }, { now: new Date(clock), after: { what: "Encounter/1", time: admitted } }).toISOString();
      expect(moved(said, then)).toBe(moment);
      // It is still the first of the two.
      expect(() => moved(said, admitted)).toThrow(refusal(409, "AT_TOO_EARLY"));
      const first = new Date(Date.parse(moment) - 3_600_000).toISOString();
      expect(() => moved(first, then)).toThrow(refusal(409, "AT_TOO_EARLY")); // said with its zone
      expect(occurrenceTime({ at: said }, { now: new Date(then) }).toISOString()).toBe(first);
    }
    useTimeZone("UTC");
  });

  it("needs a reason if it is more than a day late, which is recorded", () => {
    expect(at("2026-01-04T12:00:00Z")).toBe("2026-01-04T12:00:00.000Z");
    expect(() => at("2026-01-04T11:59:00Z")).toThrow(refusal(409, "LATE_REASON_MISSING"));
    const late = { at: "2026-01-04T11:59:00Z", lateReason: "power failure" };
    expect(at(late.at, late)).toBe("2026-01-04T11:59:00.000Z");
    expect(withLateReason({}, late)).toEqual({ extension: [{ url: "urn:openward:late-reason", valueString: "power failure" }] });
    expect(withLateReason({}, { lateReason: "x" })).toEqual({});
  });
});
