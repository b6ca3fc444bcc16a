import { parametersOf } from "../../../../fhir/search/parameters.ts";
import { careParameters, careWithin } from "./care-dates.ts";

it("every care date is a date of its type", () => {
  for (const [type, code] of careParameters) expect([type, code, parametersOf(type).get(code)?.type]).toEqual([type, code, "date"]);
});

it("asks nothing of types without a care date, or without a time to be in", () => {
  expect(careWithin("Patient", { start: 0, end: 1 })).toEqual([]);
  expect(careWithin("Observation", { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY })).toEqual([]);
});
