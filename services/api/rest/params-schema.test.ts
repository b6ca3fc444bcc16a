import { CONTROL } from "../../../mesh/params.ts";
import { ParamsValidator } from "../../../mesh/params.ts";
import { objectSchema, schemaOf } from "./params-schema.ts";

describe("the schema of a param", () => {
  it.each([
    ["a text", "string", { type: "string" }],
    ["a bounded text: no control characters", "string|max:9", { type: "string", maxLength: 9, pattern: `^[^${CONTROL}]*$` }],
    ["a form of its own", { type: "string", pattern: /^[a-z]$/, max: 1 }, { type: "string", maxLength: 1, pattern: "^[a-z]$" }],
    ["a whole number", "number|integer|min:0|max:7", { type: "integer", minimum: 0, maximum: 7 }],
    ["a positive number", { type: "number", positive: true }, { type: "number", exclusiveMinimum: 0 }],
    [
      "a list",
      { type: "array", min: 1, max: 3, items: "boolean" },
      { type: "array", minItems: 1, maxItems: 3, items: { type: "boolean" } },
    ],
    ["one of several forms", ["boolean", "number"], { anyOf: [{ type: "boolean" }, { type: "number" }] }],
    ["an id", "uuid", { type: "string", format: "uuid" }],
    [
      "an object that takes no other member",
      { type: "object", strict: true, props: { a: "boolean", b: "boolean|optional" } },
      { type: "object", required: ["a"], additionalProperties: false, properties: { a: { type: "boolean" }, b: { type: "boolean" } } },
    ],
  ])("tells %s", (_, rule, schema) => expect(schemaOf(rule)).toEqual(schema));

  const NAME = { type: "string", trim: true, min: 1, max: 3 };
  it.each([
    ["blanks only", "   ", false],
    ["a letter among blanks", " a ", true],
    ["as many characters as are allowed, each of two code units", "😀😀😀", true],
    ["one more", "😀😀😀😀", false],
    ["a control character", "a\u0001", false],
    ["a NUL", "\0a", false],
    ["a line break", "a\nb", true],
    ["nothing", "", false],
    ["zero-width spaces only", "\u200b\u2060", false],
    ["a name with a zero-width non-joiner", "ا\u200cب", true],
  ])("excludes what the validator refuses: %s", (_, text, isAllowed) => {
    const { minLength = 0, maxLength = 0, pattern = "" } = schemaOf(NAME) as { minLength: number; maxLength: number; pattern: string };
    const characters = [...text].length;
    expect(characters >= minLength && characters <= maxLength && new RegExp(pattern).test(text)).toBe(isAllowed);
    const check = new ParamsValidator().compile({ name: NAME, $$strict: true });
    expect(check({ name: text }) === true).toBe(isAllowed);
  });

  it("names the required params", () => {
    expect(
      objectSchema({ a: "string", b: { type: "number", default: 1 }, c: { type: "any", optional: true }, $$strict: true }),
    ).toMatchObject({
      required: ["a"],
      additionalProperties: false,
    });
  });
});
