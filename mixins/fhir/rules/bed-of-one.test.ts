import type { Encounter } from "../../../fhir/r4.ts";
import { otherVisits } from "./bed-of-one.ts";

describe("two visits that came into one bed", () => {
  const place = "Location/1";
  const visit = (id: string, lastUpdated: string): Encounter => ({
    resourceType: "Encounter",
    id,
    meta: { lastUpdated },
    status: "in-progress",
    class: { code: "EMER" },
    location: [{ location: { reference: place }, status: "active" }],
  });
  /** Whether the first of two is reported for the other. */
  const isTold = (own: Encounter, other: Encounter) =>
    otherVisits(["IMP"])({ own, other, place, now: new Date(own.meta?.lastUpdated ?? "") });

  it.each([
    ["one after the other", "2026-03-01T10:00:00.001Z", "2026-03-01T10:00:00.000Z"],
    ["in the same millisecond", "2026-03-01T10:00:00.000Z", "2026-03-01T10:00:00.000Z"],
  ])("are reported once: %s", (_, at, before) => {
    const [first, second] = [visit("a", before), visit("b", at)];
    expect([isTold(second, first), isTold(first, second)]).toEqual([true, false]);
  });
});
