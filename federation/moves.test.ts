import fc from "fast-check";
import { mayLackMoved } from "./moves.ts";

describe("a resource that moves between two owners while both are searched", () => {
  it("is missing only if one had released it and the other had not received it yet, as their counters show", () => {
    expect(
      mayLackMoved([
        { came: 0, gone: 0 },
        { came: 0, gone: 0 },
      ]),
    ).toBe(false);
    expect(
      mayLackMoved([
        { came: 0, gone: 1 },
        { came: 0, gone: 0 },
      ]),
    ).toBe(true);
    expect(
      mayLackMoved([
        { came: 0, gone: 0 },
        { came: 1, gone: 0 },
      ]),
    ).toBe(false); // it is with both
    expect(
      mayLackMoved([
        { came: 0, gone: 5 },
        { came: 5, gone: 0 },
      ]),
    ).toBe(false);
    expect(
      mayLackMoved([
        { came: 3, gone: 5 },
        { came: 4, gone: 0 },
      ]),
    ).toBe(true); // what came the other way does not make up for it
    expect(mayLackMoved([{ came: 0, gone: 9 }])).toBe(false); // nobody else was asked
    expect(mayLackMoved([undefined, { came: 0, gone: 9 }])).toBe(false);
  });

  it("is never missed without notice, whenever each owner is read", () => {
    // One resource, to and fro: each move arrives first, then leaves. Both owners are read at some moment, counters around the page.
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(fc.nat({ max: 40 }), { minLength: 6, maxLength: 6 }), (moves, times) => {
        const steps = Array.from({ length: moves }, (_, index) => ({ to: (index + 1) % 2, from: index % 2 })).flatMap(({ to, from }) => [
          { owner: to, has: true, came: 1, gone: 0 },
          { owner: from, has: false, came: 0, gone: 1 },
        ]);
        const at = (owner: number, time: number) => {
          const past = steps.slice(0, time).filter((step) => step.owner === owner);
          const sum = (name: "came" | "gone") => past.reduce((all, step) => all + step[name], 0);
          return { has: past.at(-1)?.has ?? owner === 0, came: sum("came"), gone: sum("gone") };
        };
        const seen = [0, 1].map((owner) => {
          const [first = 0, second = 0, third = 0] = times.slice(owner * 3, owner * 3 + 3).sort((a, b) => a - b);
          return { came: at(owner, first).came, has: at(owner, second).has, gone: at(owner, third).gone };
        });
        expect(seen.some(({ has }) => has) || mayLackMoved(seen)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
