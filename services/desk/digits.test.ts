/** Values of measurements are as precise on a page as they were stored, and stay so when a page stores them again. */
import type { Observation, Quantity } from "../../fhir/r4.ts";
import { digitsOf, jsonKeeping, parseKeeping } from "./pages/platform/digits.ts";
import { quantityOf } from "./pages/platform/shown-values.ts";
import { language } from "./pages/platform/texts.ts";

describe("a measured value", () => {
  afterAll(() => {
    language.value = "en";
  });
  const shown = (json: string) => quantityOf(parseKeeping(json) as Quantity).replaceAll(/[\u2066-\u2069]/g, "");

  it.each([
    ["en", '{"value":13.50,"unit":"g/dL"}', "13.50\u00a0g/dL"],
    ["fr", '{"value":13.50,"unit":"g/dL"}', "13,50\u00a0g/dL"],
    ["ar", '{"value":13.50,"unit":"g/dL"}', "13.50\u00a0g/dL"],
    ["en", '{"value":0.10,"comparator":"<"}', "<0.10"],
    ["en", '{"value":5.0}', "5.0"],
    ["en", '{"value":5}', "5"],
    ["en", '{"value":23.148148148}', "23.148"],
    ["en", '{"value":7.1000000000}', "7.1"],
    ["en", '{"value":1.0e3}', "1,000"],
  ] as const)("is shown as precise as it is stored, in the language's digits (%s, %s)", (code, json, text) => {
    language.value = code;
    expect(shown(json)).toBe(text);
  });

  it("is sent as it came, also in a copy, unless the copy has another value", () => {
    const json = '{"valueQuantity":{"value":13.50},"component":[{"valueQuantity":{"value":2.0}}]}';
    const result = parseKeeping(json) as Observation;
    const { valueQuantity = {} } = result;
    expect(jsonKeeping(result)).toBe(json);
    expect(jsonKeeping({ ...valueQuantity, unit: "g/dL" })).toBe('{"value":13.50,"unit":"g/dL"}');
    expect([digitsOf(valueQuantity, "value"), digitsOf({ ...valueQuantity, value: 13.6 }, "value")]).toEqual(["13.50", undefined]);
    expect(jsonKeeping({ ...valueQuantity, value: 13.6 })).toBe('{"value":13.6}');
    expect(JSON.stringify(result)).toBe('{"valueQuantity":{"value":13.5},"component":[{"valueQuantity":{"value":2}}]}');
  });
});
