/** Units as people write them. */

const RAISED = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"];
const raised = (digits: string): string => [...digits].map((digit) => RAISED[Number(digit)]).join("");

/** A UCUM code, or a unit that is one, in readable form: `10*3/uL` is 10³/µL, `mL/min/{1.73_m2}` mL/min/1.73 m², `Cel` °C, `mm[Hg]` mmHg. Others stay. */
export const unitOf = (unit: string): string =>
  unit
    .replace(/^Cel$/, "°C")
    .replace("[degF]", "°F")
    .replace(/\[[iI]U\]/g, "IU")
    .replace(/\[(Hg|H2O)\]/g, "$1")
    .replace(/^\{([^{}]+)\}$/, "$1")
    .replace(/\{(\d[^{}]*)\}/g, "$1")
    .replace(/\{[^{}]*\}/g, "")
    .replaceAll("_", " ")
    .replace(/\b10[*^](\d+)/g, (_, digits: string) => `10${raised(digits)}`)
    .replace(/\b(c?m)([23])\b/g, (_, length: string, power: string) => length + raised(power))
    .replace(/(^|\/)u(?=[A-Zmgkls])/g, "$1µ");
