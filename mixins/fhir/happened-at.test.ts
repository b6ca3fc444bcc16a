import { useTimeZone } from "../../fhir/time-zone.ts";
import { refusal } from "../../test/kit/clinic.ts";
import { happenedAt, withLateReason } from "./happened-at.ts";

const now = new Date("2026-01-05T12:00:00Z");
const at = (text: string, more: { lateReason?: string; time?: string } = {}) => {
  const { time, ...rest } = more;
  return happenedAt({ at: text, ...rest }, { now, ...(time !== undefined && { after: { what: "Encounter/1", time } }) }).toISOString();
};

describe("What is written down afterwards", () => {
  it("happened when it says, or now; by the hospital's clocks where it names no zone", () => {
    expect(happenedAt({}, { now })).toBe(now);
    expect([at("2026-01-05T10:30:00+01:00"), at("2026-01-05T10:30")]).toEqual(["2026-01-05T09:30:00.000Z", "2026-01-05T10:30:00.000Z"]);
    useTimeZone("Africa/Algiers");
    expect(at("2026-01-05T00:20")).toBe("2026-01-04T23:20:00.000Z");
    useTimeZone("UTC");
  });

  it("has not happened in the future, but for clocks that are a little ahead", () => {
    expect(at("2026-01-05T12:04:00Z")).toBe(now.toISOString());
    expect(() => at("2026-01-05T12:06:00Z")).toThrow(refusal(409, "AT_IN_FUTURE"));
  });

  it("has not happened before what it is part of, to the minute that is said", () => {
    expect(at("2026-01-05T10:30", { time: "2026-01-05T10:30:40Z" })).toBe("2026-01-05T10:30:40.000Z");
    expect(() => at("2026-01-05T10:29", { time: "2026-01-05T10:30:40Z" })).toThrow(refusal(409, "AT_TOO_EARLY"));
    expect(at("2026-01-05T10:29", { time: "2026-01-05" })).toBe("2026-01-05T10:29:00.000Z");
  });

  it("says why it is late beyond a day, on record", () => {
    expect(at("2026-01-04T12:00:00Z")).toBe("2026-01-04T12:00:00.000Z");
    expect(() => at("2026-01-04T11:59:00Z")).toThrow(refusal(409, "LATE_REASON_MISSING"));
    const late = { at: "2026-01-04T11:59:00Z", lateReason: "power failure" };
    expect(at(late.at, late)).toBe("2026-01-04T11:59:00.000Z");
    expect(withLateReason({}, late)).toEqual({ extension: [{ url: "urn:openward:late-reason", valueString: "power failure" }] });
    expect(withLateReason({}, { lateReason: "x" })).toEqual({});
  });
});
