import type { Clause } from "../../../../fhir/search/query.ts";
import { parametersOf, resourceTypes } from "../../../../fhir/search/parameters.ts";
import { careWithin } from "./care-dates.ts";

const slotsIn = (clause: Clause): number[] =>
  clause.kind === "any" ? clause.of.flat().flatMap(slotsIn) : "slots" in clause ? clause.slots : [];

it("searches each type that has care dates by dates only", () => {
  let asked = 0;
  for (const type of resourceTypes) {
    const dates = [...parametersOf(type).values()].filter((parameter) => parameter.type === "date").flatMap(({ slots }) => slots);
    const slots = careWithin(type, { start: 0, end: 1 }).flatMap(slotsIn);
    if (slots.length > 0) asked += 1;
    expect([type, slots.filter((slot) => !dates.includes(slot))]).toEqual([type, []]);
  }
  expect(asked).toBeGreaterThan(40);
});

it("searches no types without a care date, and nothing without a time range", () => {
  expect(careWithin("Patient", { start: 0, end: 1 })).toEqual([]);
  expect(careWithin("Observation", { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY })).toEqual([]);
});
