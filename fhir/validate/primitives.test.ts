import * as fc from "fast-check";
import { parseJson } from "../json.ts";
import { structureOf } from "./structure-definition.ts";
import { primitiveTests } from "./primitives.ts";
import { nonNull } from "../non-null.ts";

describe("a primitive", () => {
  /** HL7's regular expression, which knows no month's length; `\s` and `\S` as in XML Schema. */
  const hl7 = (type: string) =>
    new RegExp(
      `^(?:${nonNull(nonNull(structureOf(type)).regex)
        .replaceAll("\\S", "[^ \\t\\n\\r]")
        .replaceAll("[^\\s]", "[^ \\t\\n\\r]")})$`,
    );
  const digits = (length: number) => fc.string({ minLength: length, maxLength: length, unit: fc.constantFrom(..."0123456789") });
  const near = fc.oneof(
    fc.string({ maxLength: 12, unit: fc.constantFrom(..."0129-:.TZ+/= aA") }),
    fc.tuple(digits(4), digits(2), digits(2)).map((parts) => parts.join("-")),
    fc
      .tuple(
        digits(4),
        fc.constantFrom("01", "12", "13"),
        digits(2),
        fc.constantFrom("00", "23", "24"),
        digits(2),
        digits(2),
        fc.constantFrom("Z", "+14:00", "-13:59", "+14:01", ".5Z", ".Z", ""),
      )
      .map(([y, mo, d, h, mi, s, zone]) => `${y}-${mo}-${d}T${h}:${mi}:${s}${zone}`),
    fc.constantFrom("urn:oid:1.2.3", "urn:oid:3.2", "urn:oid:1.02", "10:20:60", "10:20:61", "10:20", "10:20:30.1234"),
  );
  it.each(["date", "dateTime", "instant", "time", "code", "id", "oid", "uuid", "uri"])(
    "%s is read as by HL7's regular expression",
    (type) => {
      const form = hl7(type);
      fc.assert(
        fc.property(near, (text) => {
          const isOfMonth = !/^\d{4}-\d\d-\d\d/.test(text) || !Number.isNaN(Date.parse(`${text.slice(0, 10)}T00:00:00Z`)) === true;
          const isDay = isOfMonth && new Date(`${text.slice(0, 10)}T00:00:00Z`).getUTCDate() === Number(text.slice(8, 10));
          const expected =
            text !== "" && form.test(text) && (!/^\d{4}-\d\d-\d\d/.test(text) || isDay || !["date", "dateTime", "instant"].includes(type));
          expect(nonNull(primitiveTests[type])(text) === undefined).toBe(expected);
        }),
        { numRuns: 3_000 },
      );
    },
  );

  it.each<[type: string, good: unknown[], bad: unknown[]]>([
    ["base64Binary", ["AAAA", "AA==", "AA AA\nAAAA"], ["A", "AAA", "AA-_", "", 5, " "]],
    ["boolean", [true, false], ["true", 1, 0, null, {}]],
    [
      "decimal",
      [1, -0.5, 1e10, Array.isArray(parseJson("[2.50]")) ? (parseJson("[2.50]") as unknown[])[0] : 0],
      ["1", true, {}, Number.NaN],
    ],
    ["integer", [0, -5, 2_147_483_647, -2_147_483_648], [1.5, 2_147_483_648, "1", (parseJson("[1.0]") as unknown[])[0]]],
    ["positiveInt", [1], [0, -1]],
    ["unsignedInt", [0, 1], [-1]],
    ["string", ["a", "\u00a0", "a\tb\r\n", " "], ["", "\u0000", "a\u000bb", "a".repeat(1_048_577)]],
    ["code", ["a", "a b"], [" a", "a ", "a  b", "\t"]],
    ["uri", ["a", "urn:x", "http://ä"], ["a b", "\n"]],
    ["time", ["00:00:00", "23:59:59.999"], ["24:00:00", "1:00:00", "10:00"]],
    ["date", ["2024-02-29", "2024", "0001-01"], ["2023-02-29", "0000", "2024-2", "2024-13", "2024-01-01T00:00:00Z"]],
  ])("%s has its bounds", (type, good, bad) => {
    for (const value of good) expect(nonNull(primitiveTests[type])(value)).toBeUndefined();
    for (const value of bad) expect(nonNull(primitiveTests[type])(value)).toMatch(/^must /);
  });
});
