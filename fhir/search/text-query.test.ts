import * as fc from "fast-check";
import { usedMs } from "../../test/kit/growth.ts";
import { parseTextQuery } from "./text-query.ts";

const refused = (query: string, code: string) =>
  expect(() => parseTextQuery(query, "_text")).toThrow(expect.objectContaining({ code: 400, issues: [expect.objectContaining({ code })] }));

describe("the words of a text search", () => {
  it.each<[string, string[]]>([
    ["bone", ["bone"]],
    ["bone metastases", ["bone metastases"]],
    ["bone AND metastases", ["bone metastases"]],
    ["bone OR liver", ["bone", "liver"]],
    ["(bone OR liver) and metastases", ["bone metastases", "liver metastases"]],
    ["a b OR c", ["a b", "c"]],
    ["a NOT b", ["a -b"]],
    ["a not (b or c)", ["a -b -c"]],
    ["a NOT (b AND c)", ["a -b", "a -c"]],
    ["a NOT NOT b", ["a b"]],
    ["(a OR b) (c OR d)", ["a c", "a d", "b c", "b d"]],
    ['"kidney disease" OR gout', ["kidney disease", "gout"]],
    ["((a", ["a"]],
    ["a)) b", ["a b"]],
    ["a AND", ["a"]],
    ["a NOT", ["a NOT"]],
    ["- a -", ["a"]],
  ])("%s", (query, expected) => {
    const shown = parseTextQuery(query, "_text").map(({ all, none }) => [...all, ...none.map((word) => `-${word}`)].join(" "));
    expect(shown).toEqual(expected);
  });

  it("need at least one to search for", () => {
    for (const query of ["", "()", "--", "NOT a", "a OR NOT b", "OR", "AND"]) refused(query, "invalid");
  });

  it("are limited in number", () => {
    refused(Array.from({ length: 10 }, (_, i) => `(a${i} OR b${i})`).join(" "), "too-costly");
    refused(`${"(".repeat(5_000)}a${" OR b)".repeat(5_000)}`, "too-costly");
    refused(`"${"a ".repeat(301)}"`, "too-costly");
    refused(`(${Array.from({ length: 20 }, (_, i) => `a${i}`).join(" OR ")}) ${"b ".repeat(20)}`, "too-costly");
    refused(Array.from({ length: 301 }, (_, i) => `NOT a${i}`).join(" "), "too-costly");
    expect(parseTextQuery(`"${"a ".repeat(300)}"`, "_text")).toHaveLength(1);
  });

  it("stand within a limited number of parentheses", () => {
    const within = (depth: number) => `${"(".repeat(depth)}a${")".repeat(depth)}`;
    expect(parseTextQuery(within(100), "_text")).toEqual([{ all: ["a"], none: [] }]);
    for (const query of [within(101), "(".repeat(4_000), `a ${"NOT (".repeat(101)}b`]) refused(query, "too-costly");
  });

  it("are counted before they are combined", () => {
    const begun = usedMs();
    for (let query = 0; query < 100; query += 1) refused("a ".repeat(4_000), "too-costly");
    expect(usedMs() - begun).toBeLessThan(1_500);
  });

  it("are parsed or refused, whatever they are", () => {
    const token = fc.constantFrom("a", "b", "(", ")", "AND", "or", "NOT", '"', '"c d"', "-", " ");
    fc.assert(
      fc.property(fc.array(token, { maxLength: 30 }), (tokens) => {
        try {
          for (const { all } of parseTextQuery(tokens.join(" "), "_text")) expect(all.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toMatchObject({ code: 400 });
        }
      }),
    );
  });
});
