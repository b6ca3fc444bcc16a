import { unitOf } from "./pages/platform/units.ts";

describe("A unit on a page", () => {
  it.each([
    ["10*3/uL", "10³/µL"],
    ["10*6/uL", "10⁶/µL"],
    ["mL/min/{1.73_m2}", "mL/min/1.73 m²"],
    ["kg/m2", "kg/m²"],
    ["ug/mL", "µg/mL"],
    ["{score}", "score"],
    ["mm[Hg]", "mmHg"],
    ["Cel", "°C"],
    ["[iU]/L", "IU/L"],
    ["m[IU]/mL", "mIU/mL"],
    ["U/L", "U/L"],
    ["g/dL", "g/dL"],
    ["tablet", "tablet"],
    ["unit", "unit"],
  ])("%s reads %s", (code, unit) => {
    expect(unitOf(code)).toBe(unit);
  });
});
