import type { GatheredFacts } from "./gather.ts";
import { statusSteps } from "./common.ts";
import { STATUS_STEPS } from "./statuses.ts";
import type { Change } from "./rule.ts";

describe("the status of an act", () => {
  const facts = {} as GatheredFacts;
  const types = Object.entries(STATUS_STEPS) as [keyof typeof STATUS_STEPS, Record<string, readonly string[]>][];
  const rows = types.flatMap(([type, steps]) => Object.keys(steps).map((from) => ({ type, steps, from })));

  const refused = ({ type, steps }: (typeof rows)[number], from: string | undefined, to: string | undefined) => {
    const of = (status: string | undefined) => ({ resourceType: type, ...(status !== undefined && { status }) });
    const change = { op: "update", reference: `${type}/1`, before: of(from), after: of(to), now: new Date() } as unknown as Change;
    return statusSteps<never>(type as never, steps, { says: "" }).check(change as never, facts);
  };

  it.each(rows)("cannot become by way of none what it cannot become at once, or by way of unknown ($type, $from)", (row) => {
    const isLost = refused(row, row.from, undefined) === undefined;
    const isUnknown = refused(row, row.from, "unknown") === undefined;
    for (const to of Object.keys(row.steps)) {
      if (to === row.from) continue;
      const isByNone = isLost && refused(row, undefined, to) === undefined;
      const isBy = refused(row, row.from, to) === undefined || isUnknown;
      expect([to, isByNone && !isBy]).toEqual([to, false]);
    }
  });

  it("can be left out while the act may still become anything, but not of one that is final, issued or given", () => {
    const of = (type: keyof typeof STATUS_STEPS) => ({ type, steps: STATUS_STEPS[type], from: "" }) as (typeof rows)[number];
    expect(refused(of("Specimen"), "available", undefined)).toBeUndefined();
    expect(refused(of("SupplyDelivery"), "in-progress", undefined)).toBeUndefined();
    for (const [type, from] of [
      ["Observation", "final"],
      ["DiagnosticReport", "corrected"],
      ["Invoice", "issued"],
      ["Consent", "active"],
      ["MedicationAdministration", "completed"],
    ] as const) {
      expect(refused(of(type), from, undefined)).toMatchObject({ code: 409, at: `${type}.status` });
    }
  });
});
