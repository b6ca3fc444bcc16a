/** What the effects of the largest of writes cost: thousands of changes, each of which reads the counters that are its own. */
import { derive, type EffectOf } from "../../mixins/fhir/rules/effects.ts";
import type { FhirResource } from "../../fhir/r4.ts";
import { LEAST_MS, TIMES, usedMs } from "../kit/growth.ts";

type Changes = Parameters<typeof derive>[1];
type Sources = Parameters<typeof derive>[2];

/** A store without counters. */
const sources = { store: { counters: async () => [] }, facts: {}, rules: { isOn: () => true } } as unknown as Sources;

/** A booking: it reads what else its practitioner has on that day. */
const booked: EffectOf<FhirResource> = async ({ reference }, tools) => {
  const day = `booked/Practitioner/of-${reference.split("/")[1]}/1/`;
  const taken = await tools.counters(day);
  return { movements: [{ counter: `${day}1-2/${reference}`, by: 1 }], refusals: taken.map(() => ({ rule: "busy", refusal: {} as never })) };
};

describe("the cost of effects", () => {
  const changes = (count: number): Changes =>
    Array.from({ length: count }, (_, step) => ({ step, type: "Appointment", change: { reference: `Appointment/${step}` } as never }));
  const write = (count: number) => derive({ Appointment: booked }, changes(count), sources);

  it("grows no faster than the number of changes", async () => {
    const timed = async (count: number): Promise<number> => {
      let best = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 3; round++) {
        const begun = usedMs();
        await write(count);
        best = Math.min(best, usedMs() - begun);
      }
      return best;
    };
    expect(await timed(10_000)).toBeLessThan(Math.max(LEAST_MS, TIMES * (await timed(1_000))));
  });

  it("does not change what they read: what the same write has moved, with the beginning of its name, and nothing else", async () => {
    const seen: string[][] = [];
    const reading: EffectOf<FhirResource> = async ({ reference }, tools) => {
      for (const prefix of ["stock/a/", "stock/a", "stock/", "s", "other/"]) {
        seen.push((await tools.counters(prefix)).map(({ name }) => name));
      }
      return { movements: ["stock/a/1", "stock/ab/1"].map((name) => ({ counter: `${name}/${reference}`, by: 1 })) };
    };
    await derive({ Appointment: reading }, changes(2), sources);
    const [a, ab] = ["stock/a/1/Appointment/0", "stock/ab/1/Appointment/0"];
    expect(seen.slice(5)).toEqual([[a], [a, ab], [a, ab], [a, ab], []]);
  });
});
