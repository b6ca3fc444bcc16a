import * as fc from "fast-check";
import { duplicateKeys, numberOf, parseJson, withMember } from "./json.ts";

const refused = { status: 400 };

describe("a received body", () => {
  it.each(["2.50", "1e3", "-0", "0.1234567890123456789", "12345678901234567890", "1E-7", "5.0", "-0.10"])(
    "keeps the decimal %s to the letter",
    (literal) => {
      const text = `{"value":${literal},"list":[1,${literal}],"text":"say \\"${literal}\\""}`;
      expect(JSON.stringify(parseJson(text))).toBe(text);
    },
  );

  it("keeps every decimal, whatever the white space", () => {
    const digits = (max: number) => fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: max }).map((list) => list.join(""));
    const whole = digits(20).map((text) => text.replace(/^0+(?=\d)/, ""));
    const literal = fc.tuple(fc.constantFrom("", "-"), whole, fc.option(digits(25)), fc.option(fc.constantFrom("e3", "E-7", "e+20")));
    fc.assert(
      fc.property(literal, fc.constantFrom("", " ", "\n\t"), ([sign, int, fraction, exponent], space) => {
        const number = `${sign}${int}${fraction === null ? "" : `.${fraction}`}${exponent ?? ""}`;
        const parsed = parseJson(`{"a":${space}${number}${space},"b":[${space}${number}${space}]}`);
        expect(JSON.stringify(parsed)).toBe(`{"a":${number},"b":[${number}]}`);
      }),
    );
  });

  it("equals plain JSON if no number needs care", () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: "medium" }), (value) => {
        const text = JSON.stringify(value);
        if (/__proto__|\\u/.test(text) || !text.isWellFormed()) return;
        expect(JSON.stringify(parseJson(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it("gives numbers to code that calculates, in either form", () => {
    const { plain, kept } = parseJson('{"plain":5,"kept":2.50}') as Record<string, unknown>;
    expect([numberOf(plain), numberOf(kept), numberOf("5"), numberOf(null), numberOf(parseJson("1e999"))]).toEqual([
      5,
      2.5,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("is refused if it is not JSON, with the place", () => {
    expect(() => parseJson('{"resourceType":"Patient",}')).toThrow(
      expect.objectContaining({ ...refused, message: expect.stringMatching(/character \d+/) }),
    );
    for (const text of ["", "{", '"', '"\\', "[1,2", "nul", '{"a":01}', "1.", "-"]) {
      expect(() => parseJson(text)).toThrow(expect.objectContaining(refused));
    }
  });

  it("is never quoted in the message", () => {
    expect(() => parseJson('{"family": Meier}')).toThrow(expect.not.objectContaining({ message: expect.stringContaining("Meier") }));
  });

  it("is refused if it is nested deeper than 100 levels, or a hundred thousand", () => {
    const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
    expect(parseJson(nested(100))).toHaveLength(1);
    for (const levels of [101, 200, 100_000]) expect(() => parseJson(nested(levels))).toThrow(expect.objectContaining(refused));
    expect(() => parseJson(`${'{"a":[1],"b":'.repeat(101)}1${"}".repeat(101)}`)).toThrow(expect.objectContaining(refused));
    expect(parseJson(`"${"[".repeat(500)}"`)).toHaveLength(500);
  });

  it.each([
    ["a member __proto__", '{"__proto__":{"isAdmin":true}}'],
    ["a member __proto__ in escapes", '{"\\u005f_proto__":1}'],
    ["a NUL", '{"family":"a\\u0000b"}'],
    ["half a surrogate pair in escapes", '{"family":"\\ud83d"}'],
    ["half a surrogate pair", '{"family":"\ud83d"}'],
    ["half a surrogate pair in a name", '{"\\ude00":1}'],
  ])("is refused for %s", (_what, text) => {
    expect(() => parseJson(text)).toThrow(expect.objectContaining(refused));
    expect(({} as Record<string, unknown>)["isAdmin"]).toBeUndefined();
  });

  it("may contain surrogate pairs and the word __proto__ in a string", () => {
    expect(parseJson('{"a":"\\ud83d\\ude00","b":"__proto__"}')).toEqual({ a: "😀", b: "__proto__" });
  });
});

describe("duplicate member names", () => {
  it("are reported with their place", () => {
    expect(duplicateKeys('{"id":"1","name":[{"family":"a"},{"family":"b","given":["x"],"family":"c"}],"id":"2"}')).toEqual([
      "name[1].family",
      "id",
    ]);
  });

  it("are recognised if escaped, and not within strings", () => {
    expect(duplicateKeys('{"a":"\\"a\\":1","\\u0061":2,"b":{"a":"}{"}}')).toEqual(["a"]);
  });

  it("are not reported if there are none", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(duplicateKeys(JSON.stringify(value))).toEqual([])));
  });
});

describe("an object with one more member", () => {
  it("accepts it unchanged", () => {
    expect(JSON.parse(withMember({ a: 1 }, "b", '{"c":[1.50]}'))).toEqual({ a: 1, b: { c: [1.5] } });
    expect(withMember({}, 'say "b"', "1.50")).toBe('{"say \\"b\\"":1.50}');
  });
});
